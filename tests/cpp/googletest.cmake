# GoogleTest, from the nearest source that has it:
#   1. an installed one (Debian: libgtest-dev); its sources where the build is for another machine;
#   2. on Debian and Ubuntu, the package's files unpacked into the build folder, so that nothing is
#      installed and no rights are needed;
#   3. its release on GitHub.
find_package(GTest QUIET)

if(CMAKE_CROSSCOMPILING AND EXISTS /usr/src/googletest/CMakeLists.txt)
  set(INSTALL_GTEST OFF)
  add_subdirectory(/usr/src/googletest ${CMAKE_CURRENT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  return()
endif()

find_program(HOLDFAST_APT_GET apt-get)
find_program(HOLDFAST_DPKG_DEB dpkg-deb)
if(NOT GTest_FOUND AND HOLDFAST_APT_GET AND HOLDFAST_DPKG_DEB)
  set(HOLDFAST_GTEST_DIR ${CMAKE_CURRENT_BINARY_DIR}/libgtest-dev)
  file(MAKE_DIRECTORY ${HOLDFAST_GTEST_DIR})
  # A fresh image has no package lists: then they are fetched, which only root may do.
  execute_process(COMMAND sh -c "apt-get download libgtest-dev || { apt-get update && apt-get download libgtest-dev; }"
                  WORKING_DIRECTORY ${HOLDFAST_GTEST_DIR} OUTPUT_QUIET ERROR_QUIET)
  file(GLOB HOLDFAST_GTEST_DEB ${HOLDFAST_GTEST_DIR}/libgtest-dev_*.deb)
  if(HOLDFAST_GTEST_DEB)
    list(GET HOLDFAST_GTEST_DEB 0 HOLDFAST_GTEST_DEB)
    execute_process(COMMAND ${HOLDFAST_DPKG_DEB} -x ${HOLDFAST_GTEST_DEB} ${HOLDFAST_GTEST_DIR})
    file(GLOB HOLDFAST_GTEST_CMAKE ${HOLDFAST_GTEST_DIR}/usr/lib/*/cmake/GTest)
    find_package(GTest QUIET CONFIG PATHS ${HOLDFAST_GTEST_CMAKE} NO_DEFAULT_PATH)
  endif()
endif()

if(NOT GTest_FOUND)
  include(FetchContent)
  FetchContent_Declare(googletest URL https://github.com/google/googletest/archive/refs/tags/v1.15.2.zip)
  FetchContent_MakeAvailable(googletest)
endif()
