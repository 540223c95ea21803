package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/cfemu/cfemu/emulator"
)

// findRunning returns the running cfemu: the one that CFEMU_CONTROL_URL names (as under exec, and in a
// shell that `cfemu env` has set up), else the one of the project.
func findRunning(p process, project string) (*emulator.Run, error) {
	dir, err := projectDir(project)
	if err != nil {
		return nil, err
	}
	own, err := emulator.FindRun(dir)
	url, token := p.getenv("CFEMU_CONTROL_URL"), p.getenv("CFEMU_TOKEN")
	if url == "" {
		return own, err
	}
	if err == nil && own.ControlURL == url && own.Token == token {
		return own, nil
	}
	named := &emulator.Run{
		ControlURL: url, WorkerURL: p.getenv("CFEMU_URL"), Token: token,
		TokenAsked: token != "" && p.getenv("CLOUDFLARE_API_TOKEN") == token, // that is how one is told
	}
	// A shell keeps its variables when the cfemu that they lead to has ended, and the project has another.
	if err == nil && call(context.Background(), named, "GET", "/clock", nil, nil) != nil {
		return own, nil
	}
	return named, nil
}

// projectDir is the folder of a project given as a folder or a configuration file.
func projectDir(project string) (string, error) {
	if project == "" {
		project = "."
	}
	dir, err := filepath.Abs(project)
	if err != nil {
		return "", err
	}
	switch filepath.Ext(dir) {
	case ".json", ".jsonc", ".toml":
		dir = filepath.Dir(dir)
	}
	return dir, nil
}

// call asks the running cfemu's test API. A nil in sends no body; a nil out drops the answer.
func call(ctx context.Context, run *emulator.Run, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, run.ControlURL+"/cfemu/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+run.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var fault struct {
			Errors []struct{ Message string } `json:"errors"`
		}
		if json.Unmarshal(b, &fault) == nil && len(fault.Errors) > 0 {
			return errors.New(fault.Errors[0].Message)
		}
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}
