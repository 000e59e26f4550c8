module github.com/dbmesh/dbmesh/tests/cost/guests

go 1.26

require github.com/dbmesh/dbmesh/filter-sdk v0.0.0

replace github.com/dbmesh/dbmesh/filter-sdk => ../../../filter-sdk
