// Reads manifests as Kubernetes itself does.
//
//	manifests json < rendered.yaml          one JSON array of all objects
//	manifests restricted < rendered.yaml    what Pod Security's "restricted" refuses, one line each
//	manifests schemas directory crd.yaml…   strict JSON schemas of custom resources, for kubeconform
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "json":
		objects, err := readObjects(in)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(objects)
	case len(args) == 1 && args[0] == "restricted":
		objects, err := readObjects(in)
		if err != nil {
			return err
		}
		return writeViolations(objects, out)
	case len(args) > 2 && args[0] == "schemas":
		return writeSchemas(args[1], args[2:])
	}
	return fmt.Errorf("usage: manifests json | restricted | schemas <directory> <crd>…")
}
