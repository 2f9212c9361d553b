// Program verifiers holds a log against what others wrote: golang.org/x/mod/sumdb (note, tlog) and Tessera's fsck.
// It prints one line and ends with 0 where the log is what it says, else with 1 and the verifier's own error.
//
//	verifiers checkpoint  <log> <key>
//	verifiers inclusion   <log> <key> <index> <entry, base64>
//	verifiers consistency <log> <key> <older size>
//	verifiers proof       <file> <key> <entry, base64>
//	verifiers fsck        <log> <key>
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	said, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(said)
}

func run(args []string) (string, error) {
	if len(args) < 3 {
		return "", fmt.Errorf("called with too little")
	}
	key, err := note.NewVerifier(args[2])
	if err != nil {
		return "", err
	}
	asked := args[0] + "/" + strconv.Itoa(len(args)-3)
	switch asked {
	case "checkpoint/0":
		tree, err := readHead(filepath.Join(args[1], "checkpoint"), key)
		return fmt.Sprintf("%d %s", tree.N, tree.Hash), err
	case "inclusion/2":
		return inclusion(args[1], key, args[3], args[4])
	case "consistency/1":
		return consistency(args[1], key, args[3])
	case "proof/1":
		return proofFile(args[1], key, args[3])
	case "fsck/0":
		from := &client.FileFetcher{Root: args[1]}
		// each worker ends with its first error, and Check waits for ever when none is left: there are more of them than
		// tiles that one change can spoil
		err := fsck.New(key.Name(), key, from, leafHashes, fsck.Opts{N: 64}).Check(context.Background())
		return "fsck", err
	}
	return "", fmt.Errorf("no such question: %s", asked)
}

func leafHashes(bundle []byte) ([][]byte, error) {
	read := api.EntryBundle{}
	if err := read.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(read.Entries))
	for _, entry := range read.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func readHead(path string, key note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openHead(text, key)
}

func openHead(text []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("no checkpoint of %s", key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func inclusion(log string, key note.Verifier, index, entry string) (string, error) {
	tree, err := readHead(filepath.Join(log, "checkpoint"), key)
	if err != nil {
		return "", err
	}
	at, err := strconv.ParseInt(index, 10, 64)
	if err != nil {
		return "", err
	}
	bytes, err := base64.StdEncoding.DecodeString(entry)
	if err != nil {
		return "", err
	}
	proof, err := tlog.ProveRecord(tree.N, at, tlog.TileHashReader(tree, tiles{log}))
	if err != nil {
		return "", err
	}
	return "included", tlog.CheckRecord(proof, tree.N, tree.Hash, at, tlog.RecordHash(bytes))
}

func consistency(log string, key note.Verifier, size string) (string, error) {
	tree, err := readHead(filepath.Join(log, "checkpoint"), key)
	if err != nil {
		return "", err
	}
	older, err := readHead(filepath.Join(log, "checkpoints", size), key)
	if err != nil {
		return "", err
	}
	proof, err := tlog.ProveTree(tree.N, older.N, tlog.TileHashReader(tree, tiles{log}))
	if err != nil {
		return "", err
	}
	return "consistent", tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

func proofFile(path string, key note.Verifier, entry string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	head, checkpoint, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", fmt.Errorf("no proof file")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	at, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	proof := tlog.RecordProof{}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	tree, err := openHead([]byte(checkpoint), key)
	if err != nil {
		return "", err
	}
	bytes, err := base64.StdEncoding.DecodeString(entry)
	if err != nil {
		return "", err
	}
	return "proven", tlog.CheckRecord(proof, tree.N, tree.Hash, at, tlog.RecordHash(bytes))
}

// tiles reads tiles where the published format has them; tlog's own paths have a height in them.
type tiles struct{ log string }

func (tiles) Height() int                         { return 8 }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, 0, len(wanted))
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(t.log, path))
		if err != nil {
			return nil, err
		}
		read = append(read, bytes)
	}
	return read, nil
}
