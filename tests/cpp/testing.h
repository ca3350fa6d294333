// What several tests need.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "holdfast/error.h"

// The statement throws holdfast::Error of this code, and its text holds this part.
#define EXPECT_ERROR(statement, expected_code, part)                   \
  try {                                                                \
    statement;                                                         \
    ADD_FAILURE() << "expected an error that says: " << (part);        \
  } catch (const ::holdfast::Error& error) {                           \
    EXPECT_EQ(error.code(), expected_code) << error.what();            \
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) \
        << "expected: " << (part) << "\ngot: " << error.what();        \
  }                                                                    \
  static_assert(true, "")
