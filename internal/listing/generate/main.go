// Generate writes the compact form of a listing that the program carries: go run ./generate oui.csv.gz organisations.csv.gz.
package main

import (
	"errors"
	"fmt"
	"os"

	"silentrenew/internal/listing"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("want the listing to read and the file to write")
	}
	in, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer in.Close()
	read, err := listing.Read(in, func(b listing.BadRow) { fmt.Fprintln(os.Stderr, b) })
	if err != nil {
		return err
	}
	out, err := os.Create(args[1])
	if err != nil {
		return err
	}
	if err := listing.WriteEmbedded(out, read.Companies); err != nil {
		return err
	}
	fmt.Printf("%d companies of %d rows, %d private, %d bad\n", len(read.Companies), read.Rows, read.Private, read.Bad)
	return out.Close()
}
