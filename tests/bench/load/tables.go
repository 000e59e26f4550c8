//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// makeTables makes the account, the database and the tables, as the backend's
// root without a password. What was there before under these names goes.
func makeTables(addr string, who client.Account) error {
	c, err := client.Dial(addr, client.Account{User: "root"})
	if err != nil {
		return err
	}
	c.Grow(1 << 20)
	db := who.Database
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + db,
		"CREATE DATABASE " + db + " CHARACTER SET utf8mb4",
		fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY '%s'", who.User, who.Password),
		fmt.Sprintf("GRANT ALL ON %s.* TO '%s'@'%%'", db, who.User),
		"CREATE TABLE " + db + ".point (id INT PRIMARY KEY, c CHAR(120) NOT NULL)",
		"CREATE TABLE " + db + ".change_me (id INT PRIMARY KEY, k INT NOT NULL, n INT NOT NULL, c CHAR(120) NOT NULL, KEY (k))",
		"CREATE TABLE " + db + ".twice (n INT PRIMARY KEY)",
		"INSERT INTO " + db + ".twice VALUES (1), (2)",
	} {
		if _, err := c.Query(sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	for from := 1; from <= points; from += 1000 {
		if err := fillRows(c, db, from, min(from+1000, points+1)); err != nil {
			return fmt.Errorf("fill the tables: %w", err)
		}
	}
	return c.Quit()
}

// fillRows inserts the rows from one number to before another into both tables.
func fillRows(c *client.Conn, db string, from, to int) error {
	var one, two []string
	for id := from; id < to; id++ {
		one = append(one, fmt.Sprintf("(%d,'%s')", id, value(id)))
		two = append(two, fmt.Sprintf("(%d,%d,0,'%s')", id, id, value(id)))
	}
	if _, err := c.Query("INSERT INTO " + db + ".point VALUES " + strings.Join(one, ",")); err != nil {
		return err
	}
	_, err := c.Query("INSERT INTO " + db + ".change_me VALUES " + strings.Join(two, ","))
	return err
}
