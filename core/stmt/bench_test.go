package stmt_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/pingcap/tidb/pkg/parser"
)

const pointSelect = "SELECT c FROM sbtest1 WHERE id=1234"

// join is a statement of about 1 KB.
func join() string {
	var b strings.Builder
	b.WriteString("SELECT o.id, o.created_at, o.total, c.name, c.email, p.title, p.price, s.carrier, s.tracking_number FROM orders AS o")
	b.WriteString(" INNER JOIN customers AS c ON c.id = o.customer_id AND c.deleted_at IS NULL")
	b.WriteString(" LEFT JOIN order_items AS i ON i.order_id = o.id LEFT JOIN products AS p ON p.id = i.product_id")
	b.WriteString(" LEFT OUTER JOIN shipments AS s ON s.order_id = o.id AND s.state IN ('sent', 'delivered', 'lost')")
	b.WriteString(" WHERE o.created_at BETWEEN '2026-01-01 00:00:00' AND '2026-12-31 23:59:59' AND o.state <> 'cancelled'")
	b.WriteString(" AND (c.country = 'DE' OR c.country = 'AT' OR c.country = 'CH') AND p.price * i.quantity > 99.5")
	b.WriteString(" AND o.customer_id IN (17, 23, 42, 99, 1001, 1002, 1003, 1004) AND EXISTS (SELECT 1 FROM payments AS y WHERE y.order_id = o.id AND y.amount >= 10)")
	b.WriteString(" AND COALESCE(o.note, '') NOT LIKE '%test%' GROUP BY o.id, c.id, p.id HAVING COUNT(i.id) > 1")
	b.WriteString(" ORDER BY o.created_at DESC, o.id ASC, p.title LIMIT 50 OFFSET 100")
	return b.String()
}

// BenchmarkClassify is what a filter pays for the facts about a statement whose shape was
// seen before; BenchmarkNormalize what TiDB's normaliser takes for the text alone.
func BenchmarkClassify(b *testing.B) {
	for name, sql := range map[string]string{"point": pointSelect, "join": join()} {
		b.Run(name, func(b *testing.B) {
			c, text := stmt.NewClassifier(0), []byte(sql)
			b.ReportAllocs()
			for b.Loop() {
				c.Classify(maria(), text, false)
			}
		})
	}
}

func BenchmarkNormalize(b *testing.B) {
	for name, sql := range map[string]string{"point": pointSelect, "join": join()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parser.Normalize(sql, "ON")
			}
		})
	}
}

func BenchmarkAnalyze(b *testing.B) {
	for name, sql := range map[string]string{"point": pointSelect, "join": join()} {
		b.Run(name, func(b *testing.B) {
			text := []byte(sql)
			b.ReportAllocs()
			for b.Loop() {
				stmt.Analyze(maria(), text)
			}
		})
	}
}
