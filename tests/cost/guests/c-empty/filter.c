/* A guest whose hook does nothing: what a call costs. */
#include <stdint.h>

static _Alignas(16) uint8_t block[256];

__attribute__((export_name("dbmesh_v1"))) int32_t version(void) { return 0; }
__attribute__((export_name("dbmesh_block"))) int32_t address(void) { return (int32_t)(uintptr_t)block; }
__attribute__((export_name("on_query"))) int64_t query(int32_t index) { return 0; }
