# Imported targets for LibTorch, the same for CPU and CUDA builds.
#
# The wheel's own TorchConfig.cmake fails for CUDA wheels without a CUDA toolkit; headers and libraries
# are all that slovo needs, so they are named here. SLOVO_TORCH is a libtorch folder or an installed
# Python package folder (.../site-packages/torch); the default is the one in .venv.
set(SLOVO_TORCH "" CACHE PATH "LibTorch folder: a libtorch archive or .../site-packages/torch")
if(DEFINED ENV{SLOVO_TORCH})  # kept in the cache, so that a later build of the same folder finds it without the variable
  set(SLOVO_TORCH "$ENV{SLOVO_TORCH}" CACHE PATH "" FORCE)
endif()
if(NOT SLOVO_TORCH)
  file(GLOB _candidates "${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  foreach(_candidate IN LISTS _candidates)
    set(SLOVO_TORCH "${_candidate}")
  endforeach()
endif()
if(NOT EXISTS "${SLOVO_TORCH}/include/torch/version.h" AND
   NOT EXISTS "${SLOVO_TORCH}/include/torch/csrc/api/include/torch/version.h")
  message(FATAL_ERROR "no LibTorch in '${SLOVO_TORCH}': run ./scripts/setup.sh, or give its folder by "
                      "-DSLOVO_TORCH=/path/to/libtorch (or the variable SLOVO_TORCH)")
endif()

set(_version_h "${SLOVO_TORCH}/include/torch/headeronly/version.h")
foreach(_candidate "${SLOVO_TORCH}/include/torch/csrc/api/include/torch/version.h" "${SLOVO_TORCH}/include/torch/version.h")
  if(NOT EXISTS "${_version_h}")
    set(_version_h "${_candidate}")
  endif()
endforeach()
file(STRINGS "${_version_h}" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3" SLOVO_TORCH_VERSION "${_lines}")
if(SLOVO_TORCH_VERSION VERSION_LESS 2.11 OR SLOVO_TORCH_VERSION VERSION_GREATER_EQUAL 2.14)
  message(FATAL_ERROR "LibTorch ${SLOVO_TORCH_VERSION} in '${SLOVO_TORCH}' is not supported: slovo needs 2.11, 2.12 "
                      "or 2.13. ./scripts/setup.sh installs 2.13.0; another folder is given by SLOVO_TORCH")
endif()

add_library(slovo_torch INTERFACE)
# The C++ library comes first in the order in which symbols are looked for: LibTorch's libraries export parts of an old
# std::filesystem, whose remove_all() jumps to address 0 in the CUDA wheel of 2.11.
target_link_options(slovo_torch INTERFACE -Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state)
target_include_directories(slovo_torch SYSTEM INTERFACE "${SLOVO_TORCH}/include" "${SLOVO_TORCH}/include/torch/csrc/api/include")
foreach(_lib torch torch_cpu c10)
  target_link_libraries(slovo_torch INTERFACE "${SLOVO_TORCH}/lib/lib${_lib}.so")
endforeach()
set(SLOVO_CUDA OFF)
if(EXISTS "${SLOVO_TORCH}/lib/libtorch_cuda.so")
  set(SLOVO_CUDA ON)
  # The wheel's headers include the toolkit's, which pip puts beside it.
  file(GLOB _cuda_includes "${SLOVO_TORCH}/../nvidia/cu*/include" "${SLOVO_TORCH}/../nvidia/nccl/include")
  target_include_directories(slovo_torch SYSTEM INTERFACE ${_cuda_includes})
  # Those of CUDA graphs also include the compiler's, which pip puts into Triton's folder.
  find_path(SLOVO_CUDA_CRT crt/host_config.h HINTS ${_cuda_includes} "${SLOVO_TORCH}/../triton/backends/nvidia/include"
            /usr/local/cuda/include)
  file(GLOB _cudart "${SLOVO_TORCH}/../nvidia/cu*/lib/libcudart.so.*" "${SLOVO_TORCH}/lib/libcudart*.so*")
  if(SLOVO_CUDA_CRT AND _cudart)
    list(GET _cudart 0 _cudart)
    target_include_directories(slovo_torch SYSTEM INTERFACE "${SLOVO_CUDA_CRT}")
    target_compile_definitions(slovo_torch INTERFACE SLOVO_CUDA_GRAPHS)
    target_link_libraries(slovo_torch INTERFACE "${_cudart}")
  endif()
  target_link_libraries(slovo_torch INTERFACE -Wl,--no-as-needed "${SLOVO_TORCH}/lib/libtorch_cuda.so"
                        "${SLOVO_TORCH}/lib/libc10_cuda.so" -Wl,--as-needed)
endif()
# One libgomp in the process, LibTorch's own: a second one would have its own threads.
file(GLOB _gomp "${SLOVO_TORCH}/lib/libgomp*.so*" "${SLOVO_TORCH}/../torch.libs/libgomp*.so*")
target_compile_options(slovo_torch INTERFACE -fopenmp)
if(_gomp)
  list(GET _gomp 0 _gomp)
  target_link_libraries(slovo_torch INTERFACE "${_gomp}")
else()
  target_link_libraries(slovo_torch INTERFACE gomp)
endif()
message(STATUS "LibTorch ${SLOVO_TORCH_VERSION} in ${SLOVO_TORCH} (CUDA: ${SLOVO_CUDA})")
