// Marks what a shared build of the library exports; everything else stays hidden.
#pragma once

#define HOLDFAST_API __attribute__((visibility("default")))
// Marks what stays hidden though it is declared within something exported.
#define HOLDFAST_LOCAL __attribute__((visibility("hidden")))
