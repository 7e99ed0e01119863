package main

import (
	"encoding/json"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// A pod, or something that makes pods.
type workload struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		corev1.PodSpec
		Template    *corev1.PodTemplateSpec
		JobTemplate *struct {
			Spec struct{ Template corev1.PodTemplateSpec }
		}
	}
}

// writeViolations tells each refusal, and in the last line how many pods were looked at.
func writeViolations(objects []object, out io.Writer) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	pods := 0
	for _, each := range objects {
		found, err := workloadOf(each)
		if err != nil {
			return err
		}
		template := templateOf(found)
		if template == nil {
			continue
		}
		pods++
		for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				fmt.Fprintf(out, "%s %s: %s (%s)\n", found.Kind, found.Metadata.Name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
	_, err = fmt.Fprintf(out, "%d pods\n", pods)
	return err
}

func workloadOf(each object) (workload, error) {
	var found workload
	switch each["kind"] {
	case "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob":
	default:
		return found, nil
	}
	text, err := json.Marshal(each)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

func templateOf(found workload) *corev1.PodTemplateSpec {
	switch {
	case found.Kind == "":
		return nil
	case found.Kind == "Pod":
		return &corev1.PodTemplateSpec{Spec: found.Spec.PodSpec}
	case found.Spec.JobTemplate != nil:
		return &found.Spec.JobTemplate.Spec.Template
	}
	return found.Spec.Template
}
