# What is particular to BUILD_SHARED_LIBS=ON: exported symbols, their versions, the soname.

# Tests, benchmarks and bindings look inside the library, where a shared one shows its public face
# only. They link this: the same objects, never compiled twice.
if(BUILD_SHARED_LIBS)
  add_library(holdfast_inside STATIC $<TARGET_OBJECTS:holdfast>)
  target_include_directories(holdfast_inside PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_compile_features(holdfast_inside PUBLIC cxx_std_17)
  target_link_libraries(holdfast_inside PUBLIC Threads::Threads)
  if(HOLDFAST_SANITIZE)
    target_compile_options(holdfast_inside PUBLIC -fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(holdfast_inside PUBLIC -fsanitize=${HOLDFAST_SANITIZE})
  endif()
else()
  add_library(holdfast_inside ALIAS holdfast)
endif()

# "": no -Dholdfast_EXPORTS, so that shared and static builds compile with the same commands.
set_target_properties(holdfast PROPERTIES DEFINE_SYMBOL "")

# A wheel holds no symbolic links: there the library has its bare name. Elsewhere the soname has
# major.minor, since minor versions may break the C++ interface below 1.0.
if(NOT SKBUILD)
  set_target_properties(holdfast PROPERTIES VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

if(BUILD_SHARED_LIBS AND UNIX AND NOT APPLE)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/holdfast.map ${CMAKE_CURRENT_BINARY_DIR}/holdfast.map @ONLY)
  target_link_options(holdfast PRIVATE -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/holdfast.map)
  set_property(TARGET holdfast APPEND PROPERTY LINK_DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/holdfast.map)
endif()
