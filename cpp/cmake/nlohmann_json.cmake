# nlohmann-json, header-only, private: it parses manifests and graphs and reaches no consumer.
# The target of a parent project that has one, a CMake package where one is installed, else the headers of
# the PyPI package of the same name.
add_library(holdfast_json INTERFACE)
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.10 QUIET)
endif()
if(TARGET nlohmann_json::nlohmann_json)
  target_link_libraries(holdfast_json INTERFACE nlohmann_json::nlohmann_json)
else()
  find_package(Python COMPONENTS Interpreter QUIET)  # without one, the command fails as well
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
            "import nlohmann_json, pathlib; print(pathlib.Path(nlohmann_json.__file__).parent / 'include')"
    OUTPUT_VARIABLE HOLDFAST_JSON_INCLUDE OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE HOLDFAST_JSON_RESULT ERROR_QUIET)
  if(NOT HOLDFAST_JSON_RESULT EQUAL 0)
    message(FATAL_ERROR "nlohmann-json headers not found: install nlohmann-json3-dev (Debian) or "
                        "`pip install nlohmann-json`")
  endif()
  target_include_directories(holdfast_json SYSTEM INTERFACE ${HOLDFAST_JSON_INCLUDE})
endif()
