package compress

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
)

// rows look like those of an application: ids, times, names, some text.
func rows(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		row := fmt.Sprintf("\x06%06d\x132026-11-%02d 10:%02d:%02d\x0ecustomer %05d\x1dorder %d of article %x",
			i, i%28+1, i%60, i*7%60, i*7919%99991, i*13, i*2654435761)
		b.Write(packet(byte(i), []byte(row)))
	}
	return b.Bytes()[:n]
}

// BenchmarkPack and BenchmarkUnpack tell what a hop costs; ratio is bytes before to after.
func BenchmarkPack(b *testing.B) {
	each(b, func(b *testing.B, a Algorithm, body []byte) {
		_, server, _, down := pair(a, nil)
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		sent := 0
		for b.Loop() {
			_, _ = server.Write(body)
			sent = len(*down)
			*down = (*down)[:0]
		}
		b.ReportMetric(float64(len(body))/float64(sent), "ratio")
	})
}

func BenchmarkUnpack(b *testing.B) {
	each(b, func(b *testing.B, a Algorithm, body []byte) {
		client, server, _, down := pair(a, nil)
		_, _ = server.Write(body)
		packed := bytes.Clone(*down)
		into := make([]byte, 256<<10)
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			*down = append((*down)[:0], packed...)
			for got := 0; got < len(body); {
				n, err := client.Read(into)
				if err != nil {
					b.Fatal(err)
				}
				got += n
			}
		}
	})
}

func each(b *testing.B, bench func(b *testing.B, a Algorithm, body []byte)) {
	for _, n := range []int{200, 1000, 16 << 10, 128 << 10, 1 << 20} {
		for name, a := range map[string]Algorithm{"zlib": Zlib, "zstd": Zstd} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				start := cpu()
				bench(b, a, rows(n))
				b.ReportMetric((cpu()-start)/float64(b.N)/float64(n)*1e6, "cpu-ms/MB")
			})
		}
	}
}

// cpu is the processor time of the process in milliseconds: on a busy machine the time
// that passes says little.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
