// Loads what bpf2go has generated from C, and an object of Rust's, by cilium/ebpf; sets and reads their
// variables, and runs them on packets.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"

	"github.com/cilium/ebpf"
)

const (
	packets = 5
	limit   = 3
	port    = 4242
)

func check(err error) {
	if err != nil {
		log.Fatalf("%+v", err)
	}
}

func wants[T comparable](what string, is, wanted T) {
	if is != wanted {
		log.Fatalf("%s is %v; it should be %v", what, is, wanted)
	}
}

// What bpf2go has generated of C: the program, and a static library.
func runC() {
	spec, err := loadProgram()
	check(err)
	check(spec.Variables["limit"].Set(uint32(limit)))
	var objects programObjects
	check(spec.LoadAndAssign(&objects, nil))
	defer objects.Close()
	frame := make([]byte, 60)
	length := uint32(len(frame) - 14) // a socket filter sees no Ethernet header
	for i := 0; i < packets; i++ {
		kept, _, err := objects.KeepFirst.Test(frame)
		check(err)
		wants("what is kept of a packet", kept > 0, i < limit)
	}
	var seen uint64
	var over uint32
	check(objects.Seen.Get(&seen))
	check(objects.Over.Get(&over))
	wants("seen", seen, packets)
	wants("over", over, packets-limit)
	var count uint64
	check(objects.Lengths.Lookup(length, &count))
	wants("the map's value", count, packets)
	fmt.Printf("cilium/ebpf: C by bpf2go: %d of %d packets kept\n", limit, packets)
}

// An object of aya's: the XDP program alone, which counts UDP packets to a port.
func runRust(path string) {
	spec, err := ebpf.LoadCollectionSpec(path)
	check(err)
	check(spec.Variables["PORT"].Set(uint16(port)))
	for name := range spec.Programs {
		if name != "look_at_udp" {
			delete(spec.Programs, name)
		}
	}
	collection, err := ebpf.NewCollection(spec)
	check(err)
	defer collection.Close()
	frame := make([]byte, 60)
	binary.BigEndian.PutUint16(frame[12:], 0x0800)
	frame[14], frame[23] = 0x45, 17
	binary.BigEndian.PutUint16(frame[36:], port)
	for i := 0; i < packets; i++ {
		verdict, _, err := collection.Programs["look_at_udp"].Test(frame)
		check(err)
		wants("the verdict", verdict, 2)
	}
	for _, name := range []string{"BY_PORT", "BTF_BY_PORT"} {
		var count uint64
		check(collection.Maps[name].Lookup(uint16(port), &count))
		wants(name, count, packets)
	}
	fmt.Printf("cilium/ebpf: Rust: %d packets counted\n", packets)
}

func main() {
	runC()
	runRust(os.Args[1])
}
