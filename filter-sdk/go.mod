module github.com/dbmesh/dbmesh/filter-sdk

go 1.24
