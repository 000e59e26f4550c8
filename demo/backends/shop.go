package backends

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/sql"
)

// How much there is in the shop.
const (
	customers = 40
	orders    = 200
)

// newShop makes the data, the same each time.
func newShop() (*memory.DbProvider, error) {
	db := memory.NewDatabase(Schema)
	db.EnablePrimaryKeyIndexes()
	pro := memory.NewDBProvider(db)
	engine := sqle.NewDefault(pro)
	defer func() { _ = engine.Close() }() // it always says that it was cancelled
	ctx := sql.NewContext(context.Background(), sql.WithSession(memory.NewSession(sql.NewBaseSession(), pro)))
	ctx.SetCurrentDatabase(Schema)
	for _, statement := range seed() {
		if err := execute(ctx, engine, statement); err != nil {
			return nil, fmt.Errorf("fill the shop: %w, in %.60s", err, statement)
		}
	}
	return pro, nil
}

// execute also reads what a statement gives: the engine does the work by that.
func execute(ctx *sql.Context, engine *sqle.Engine, statement string) error {
	_, rows, _, err := engine.Query(ctx, statement)
	if err != nil {
		return err
	}
	for {
		if _, err := rows.Next(ctx); errors.Is(err, io.EOF) {
			return rows.Close(ctx)
		} else if err != nil {
			return errors.Join(err, rows.Close(ctx))
		}
	}
}

func seed() []string {
	return []string{
		`CREATE TABLE products (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60) NOT NULL, price DECIMAL(8,2) NOT NULL, stock INT NOT NULL)`,
		`CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60) NOT NULL, email VARCHAR(80) NOT NULL, city VARCHAR(40) NOT NULL)`,
		`CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, product_id INT NOT NULL, quantity INT NOT NULL, ordered_at DATETIME NOT NULL)`,
		"INSERT INTO products (name, price, stock) VALUES " + productRows(),
		"INSERT INTO customers (name, email, city) VALUES " + customerRows(),
		"INSERT INTO orders (customer_id, product_id, quantity, ordered_at) VALUES " + orderRows(),
	}
}

func wares() []string {
	return []string{
		"Kettle", "Teapot", "Coffee mill", "Toaster", "Bread knife", "Cutting board", "Cast iron pan", "Whisk",
		"Desk lamp", "Bookend", "Fountain pen", "Notebook", "Stapler", "Ruler", "Desk mat", "Paper tray",
		"Tent", "Sleeping bag", "Head torch", "Compass", "Water bottle", "Rope", "Camping stove", "Rucksack",
	}
}

func productRows() string {
	var rows []string
	for i, name := range wares() {
		rows = append(rows, fmt.Sprintf("('%s', %d.%02d, %d)", name, 4+i*7%60, i*25%100, 20+i*13%80))
	}
	return strings.Join(rows, ", ")
}

func customerRows() string {
	first := []string{"Ada", "Bela", "Chidi", "Dana", "Emil", "Fatima", "Goro", "Hana"}
	last := []string{"Abel", "Brandt", "Costa", "Dubois", "Eriksen"}
	cities := []string{"Bergen", "Ghent", "Graz", "Lyon", "Porto", "Turku"}
	var rows []string
	for i := range customers {
		f, l := first[i%len(first)], last[i/len(first)%len(last)]
		rows = append(rows, fmt.Sprintf("('%s %s', '%s.%s@example.com', '%s')",
			f, l, strings.ToLower(f), strings.ToLower(l), cities[i%len(cities)]))
	}
	return strings.Join(rows, ", ")
}

func orderRows() string {
	var rows []string
	for i := range orders {
		rows = append(rows, fmt.Sprintf("(%d, %d, %d, '2026-%02d-%02d %02d:%02d:00')",
			1+i*17%customers, 1+i*5%len(wares()), 1+i%4, 1+i/28%12, 1+i%28, 8+i%12, i*7%60))
	}
	return strings.Join(rows, ", ")
}
