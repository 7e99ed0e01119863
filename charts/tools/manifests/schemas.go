package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeSchemas writes one file for each version of each custom resource, named as kubeconform looks for them.
func writeSchemas(directory string, paths []string) error {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		objects, err := readObjects(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, each := range objects {
			if each["kind"] != "CustomResourceDefinition" {
				continue
			}
			if err := writeVersions(directory, each["spec"].(object)); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeVersions(directory string, spec object) error {
	kind := strings.ToLower(spec["names"].(object)["kind"].(string))
	group, _, _ := strings.Cut(spec["group"].(string), ".")
	for _, each := range spec["versions"].([]any) {
		version := each.(object)
		schema := version["schema"].(object)["openAPIV3Schema"]
		text, err := json.Marshal(closed(schema, true))
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%s-%s.json", kind, group, version["name"])
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// closed forbids fields that a schema does not name, as the API server drops them, and would never say so.
func closed(schema any, root bool) any {
	switch value := schema.(type) {
	case []any:
		for index := range value {
			value[index] = closed(value[index], false)
		}
	case object:
		for key, each := range value {
			// What these say comes on top of what stands beside them.
			if key != "anyOf" && key != "oneOf" && key != "allOf" && key != "not" {
				value[key] = closed(each, false)
			}
		}
		_, named := value["properties"].(object)
		open := value["x-kubernetes-preserve-unknown-fields"] == true
		if _, told := value["additionalProperties"]; named && !told && !open {
			value["additionalProperties"] = false
		}
		// JSON Schema has no such key; both forms are meant.
		if value["x-kubernetes-int-or-string"] == true {
			delete(value, "type")
			delete(value, "format")
			value["anyOf"] = []any{object{"type": "integer"}, object{"type": "string"}}
		}
		if root {
			// Every object has one, and it is no part of a custom resource's own schema.
			value["properties"].(object)["metadata"] = object{"type": "object"}
		}
	}
	return schema
}
