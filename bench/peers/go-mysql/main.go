// Reads a server's binlog with go-mysql and counts the rows it decodes: the peer of the decode benchmarks.
//
// usage: peer HOST PORT USER PASSWORD FILE POSITION ROWS
// Prints one JSON line: rows, seconds from the start of the dump to the last row, CPU seconds and peak RSS of this process.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

func main() {
	port, err := strconv.ParseUint(os.Args[2], 10, 16)
	must(err)
	position, err := strconv.ParseUint(os.Args[6], 10, 32)
	must(err)
	wanted, err := strconv.Atoi(os.Args[7])
	must(err)

	syncer := replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: 990001, Flavor: "mysql", Host: os.Args[1], Port: uint16(port), User: os.Args[3], Password: os.Args[4],
		VerifyChecksum: true,
		Logger:         slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	defer syncer.Close()

	started := time.Now()
	streamer, err := syncer.StartSync(mysql.Position{Name: os.Args[5], Pos: uint32(position)})
	must(err)
	rows := 0
	for rows < wanted {
		event, err := streamer.GetEvent(context.Background())
		must(err)
		if decoded, ok := event.Event.(*replication.RowsEvent); ok {
			rows += len(decoded.Rows)
		}
	}
	elapsed := time.Since(started).Seconds()

	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"rows": rows, "seconds": elapsed,
		"cpuSeconds": seconds(usage.Utime) + seconds(usage.Stime), "peakRssMiB": float64(usage.Maxrss) / 1024,
	}))
}
