// Program logcheck reads a log of this project with other people's code: the checkpoint with golang.org/x/mod's notes
// and transparency-dev's formats, tiles and bundles with Tessera's names and parsers, hashes and proofs with
// transparency-dev's merkle. It shares nothing with the Python that wrote the log.
//
//	logcheck verify DIR   check everything under DIR; exit 1 and say what is wrong
//	logcheck sign DIR     write DIR/note and DIR/vkey: a note signed by a new key, for Python to open
//
// DIR holds origin, vkey, checkpoint, proofs.json, and the log's static files under tile/.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
)

var hasher = rfc6962.DefaultHasher

type hash []byte

func (h *hash) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type inclusion struct {
	Index, Size uint64
	Leaf, Root  hash
	Proof       []hash
}

type consistency struct {
	Size1, Size2 uint64
	Root1, Root2 hash
	Proof        []hash
}

type proofs struct {
	Inclusion   []inclusion
	Consistency []consistency
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: logcheck verify|sign DIR")
		os.Exit(2)
	}
	run := map[string]func(string) error{"verify": verify, "sign": sign}[os.Args[1]]
	if err := run(os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func verify(dir string) error {
	checkpoint, err := openCheckpoint(dir)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	root, nodes, err := replay(dir, checkpoint.Size)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	if !bytes.Equal(root, checkpoint.Hash) {
		return fmt.Errorf("root: entries give %x, the checkpoint says %x", root, checkpoint.Hash)
	}
	if err := checkTiles(dir, checkpoint.Size, nodes); err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	count, err := checkProofs(dir)
	if err != nil {
		return fmt.Errorf("proofs: %w", err)
	}
	fmt.Printf("%d entries, %d proofs\n", checkpoint.Size, count)
	return nil
}

func openCheckpoint(dir string) (*log.Checkpoint, error) {
	vkey, err := os.ReadFile(filepath.Join(dir, "vkey"))
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(string(vkey))
	if err != nil {
		return nil, err
	}
	origin, err := os.ReadFile(filepath.Join(dir, "origin"))
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	checkpoint, rest, _, err := log.ParseCheckpoint(data, string(origin), verifier)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("extension lines: %q", rest)
	}
	return checkpoint, err
}

// replay hashes every entry and returns the root and all complete subtrees.
func replay(dir string, size uint64) ([]byte, map[compact.NodeID][]byte, error) {
	nodes := map[compact.NodeID][]byte{}
	tree := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	for index := uint64(0); index<<8 < size; index++ {
		path := layout.EntriesPath(index, layout.PartialTileSize(0, index, size))
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return nil, nil, err
		}
		var bundle api.EntryBundle
		if err := bundle.UnmarshalText(data); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, entry := range bundle.Entries {
			leaf := hasher.HashLeaf(entry)
			nodes[compact.NewNodeID(0, tree.End())] = leaf
			if err := tree.Append(leaf, func(id compact.NodeID, hash []byte) { nodes[id] = hash }); err != nil {
				return nil, nil, err
			}
		}
	}
	if tree.End() != size {
		return nil, nil, fmt.Errorf("%d entries, the checkpoint says %d", tree.End(), size)
	}
	root, err := tree.GetRootHash(nil)
	return root, nodes, err
}

func checkTiles(dir string, size uint64, nodes map[compact.NodeID][]byte) error {
	for level := uint64(0); size>>(8*level) > 0; level++ {
		for index := uint64(0); index<<8 < size>>(8*level); index++ {
			path := layout.TilePath(level, index, layout.PartialTileSize(level, index, size))
			data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
			if err != nil {
				return err
			}
			var tile api.HashTile
			if err := tile.UnmarshalText(data); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if want := min(256, size>>(8*level)-index<<8); uint64(len(tile.Nodes)) != want {
				return fmt.Errorf("%s: %d hashes, want %d", path, len(tile.Nodes), want)
			}
			for slot, got := range tile.Nodes {
				if want := nodes[compact.NewNodeID(uint(8*level), index<<8+uint64(slot))]; !bytes.Equal(got, want) {
					return fmt.Errorf("%s: hash %d is %x, want %x", path, slot, got, want)
				}
			}
		}
	}
	return nil
}

func checkProofs(dir string) (int, error) {
	data, err := os.ReadFile(filepath.Join(dir, "proofs.json"))
	if err != nil {
		return 0, err
	}
	var all proofs
	if err := json.Unmarshal(data, &all); err != nil {
		return 0, err
	}
	for _, p := range all.Inclusion {
		if err := proof.VerifyInclusion(hasher, p.Index, p.Size, p.Leaf, raw(p.Proof), p.Root); err != nil {
			return 0, fmt.Errorf("leaf %d of %d: %w", p.Index, p.Size, err)
		}
	}
	for _, p := range all.Consistency {
		if err := proof.VerifyConsistency(hasher, p.Size1, p.Size2, raw(p.Proof), p.Root1, p.Root2); err != nil {
			return 0, fmt.Errorf("size %d to %d: %w", p.Size1, p.Size2, err)
		}
	}
	return len(all.Inclusion) + len(all.Consistency), nil
}

func raw(hashes []hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out
}

func sign(dir string) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, "tongban-ledger/"+strings.Repeat("ab", 32))
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	text := log.Checkpoint{Origin: signer.Name(), Size: 42, Hash: hasher.HashLeaf([]byte("root"))}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "note"), signed, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "vkey"), []byte(vkey), 0o644)
}
