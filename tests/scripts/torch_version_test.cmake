# Configuring refuses a LibTorch that slovo does not support, and names its version and the supported ones; it accepts the
# others. Each case is a folder that holds nothing but a version header.
function(configure version want)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/torch-${version}")
  string(REPLACE "." ";" parts ${version})
  list(GET parts 0 major)
  list(GET parts 1 minor)
  list(GET parts 2 patch)
  file(WRITE "${folder}/torch/include/torch/csrc/api/include/torch/version.h"
       "#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n")
  file(WRITE "${folder}/CMakeLists.txt"
       "cmake_minimum_required(VERSION 3.24)\nproject(probe LANGUAGES NONE)\ninclude(${SOURCE}/cmake/SlovoTorch.cmake)\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -E env SLOVO_TORCH=${folder}/torch ${CMAKE_COMMAND} -S ${folder} -B ${folder}/build
                  OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE code)
  file(REMOVE_RECURSE "${folder}")
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  string(FIND "${out}" "${want}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "LibTorch ${version}: \"${want}\" is not in: ${out}")
  endif()
endfunction()

configure(2.10.1 "LibTorch 2.10.1 in")
configure(2.10.1 "is not supported: slovo needs 2.11, 2.12 or 2.13")
configure(2.14.0 "is not supported")
configure(2.11.0 "Configuring done")
configure(2.13.2 "Configuring done")
