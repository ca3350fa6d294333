// Marks what a shared build of the library exports; everything else stays hidden.
#pragma once

#define HOLDFAST_API __attribute__((visibility("default")))
