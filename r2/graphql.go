package r2

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// GraphQL returns what answers operations of Cloudflare's GraphQL API, by operation name: the one that
// wrangler sends for `r2 bucket info`. The answer is the data.
//
// Receipt: the request of wrangler 4.164.
func (s *Service) GraphQL() map[string]func(query string, variables json.RawMessage) (any, error) {
	return map[string]func(string, json.RawMessage) (any, error){"getR2StorageMetrics": s.storageMetrics}
}

// storageMetrics tells what is stored now. In production it is what was stored some minutes ago.
func (s *Service) storageMetrics(_ string, variables json.RawMessage) (any, error) {
	var v struct {
		Filter struct {
			BucketName string `json:"bucketName"`
		} `json:"filter"`
	}
	if err := json.Unmarshal(variables, &v); err != nil {
		return nil, err
	}
	// The name of a bucket of a jurisdiction begins with it here, and no bucket's own name has a "_".
	jurisdiction, name, found := strings.Cut(v.Filter.BucketName, "_")
	if !found {
		jurisdiction, name = "", v.Filter.BucketName
	}
	type object = map[string]any
	rows := []object{}
	objects, bytes, err := s.usage(name, jurisdiction)
	var known *Error
	if err != nil && !(errors.As(err, &known) && known.Code == CodeNoSuchBucket) {
		return nil, err
	}
	if err == nil {
		rows = append(rows, object{
			"max":        object{"objectCount": objects, "payloadSize": bytes, "metadataSize": 0},
			"dimensions": object{"datetime": s.clock.Now().UTC().Format(time.RFC3339)},
		})
	}
	return object{"viewer": object{"accounts": []object{{"r2StorageAdaptiveGroups": rows}}}}, nil
}

// usage counts the objects of a bucket and their bytes. It is found in its own jurisdiction only.
func (s *Service) usage(bucket, jurisdiction string) (objects, bytes int64, err error) {
	row, err := s.index.bucket(bucket)
	if err != nil {
		return 0, 0, err
	}
	if row == nil || row.Jurisdiction != jurisdiction {
		return 0, 0, newError(CodeNoSuchBucket)
	}
	err = s.bucket(*row).view(func(c content) error {
		return c.objects.ForEach(func(_, v []byte) error {
			var row struct {
				Size int64 `json:"size"`
			}
			objects++
			err := readRow(v, &row)
			bytes += row.Size
			return err
		})
	})
	return objects, bytes, err
}
