/* A guest that decides by facts alone. */
#include "dbmesh.h"

DBMESH_FILTER(0, 0)

DBMESH_HOOK(on_query, index) {
	(void)index;
	uint8_t kind = dbmesh_kind();
	if ((kind == DBMESH_KIND_UPDATE || kind == DBMESH_KIND_DELETE) && !dbmesh_has(DBMESH_FLAG_WHERE))
		return dbmesh_deny(1105, "HY000", DBMESH_TEXT("a write without WHERE is blocked"));
	return DBMESH_PASS;
}
