# The CMake package: headers, library, holdfastConfig.cmake with its version file, and holdfast.pc.
# The component lets the wheel pick it out.
include(CMakePackageConfigHelpers)
set(HOLDFAST_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/holdfast)

set(HOLDFAST_HEADERS
  c_api.h
  checkpoint.h
  dataset.h
  error.h
  export.h
  graph.h
  input.h
  layers.h
  losses.h
  model.h
  optimizers.h
  saved_model.h
  summary.h
  tensor.h
  trainer.h
  version.h)
list(TRANSFORM HOLDFAST_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/cpp/include/holdfast/)
install(FILES ${HOLDFAST_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast COMPONENT development)

install(TARGETS holdfast EXPORT holdfastTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT holdfastTargets NAMESPACE holdfast:: DESTINATION ${HOLDFAST_CMAKE_DIR}
  COMPONENT development)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/holdfastConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/holdfastConfig.cmake INSTALL_DESTINATION ${HOLDFAST_CMAKE_DIR})
# Below 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/holdfastConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/holdfastConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/holdfastConfigVersion.cmake
  DESTINATION ${HOLDFAST_CMAKE_DIR} COMPONENT development)

# Paths relative to the file: an installation may be moved, and a wheel is always somewhere else. Where
# whoever installs names a directory by its whole path, as Nix does, that path is meant.
# A static library leaves the C++ runtime to whoever links it, a C program for one.
foreach(what LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${what}}")
    set(HOLDFAST_PC_${what} "${CMAKE_INSTALL_${what}}")
  else()
    set(HOLDFAST_PC_${what} "\${prefix}/${CMAKE_INSTALL_${what}}")
  endif()
endforeach()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(HOLDFAST_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH HOLDFAST_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" HOLDFAST_PC_PREFIX "\${pcfiledir}/${HOLDFAST_PC_PREFIX}")
endif()
if(NOT BUILD_SHARED_LIBS)
  set(HOLDFAST_PC_LIBS " -lstdc++ -lm -pthread")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/holdfast.pc.in ${CMAKE_CURRENT_BINARY_DIR}/holdfast.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/holdfast.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)
