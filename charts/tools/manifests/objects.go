package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

type object = map[string]any

// readObjects refuses keys that are there twice.
func readObjects(in io.Reader) ([]object, error) {
	reader := yaml.NewYAMLReader(bufio.NewReader(in))
	objects := []object{}
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := strict.YAMLToJSONStrict(document)
		if err != nil {
			return nil, err
		}
		var parsed object
		if err := json.Unmarshal(text, &parsed); err != nil {
			return nil, err
		}
		if len(parsed) > 0 {
			objects = append(objects, parsed)
		}
	}
}
