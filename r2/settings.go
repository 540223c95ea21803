package r2

import "context"

// classAVerbs and classBVerbs are those of a bucket's settings that are billed. The others are free.
//
// Receipt: https://developers.cloudflare.com/r2/pricing/, August 2026
var (
	classAVerbs = map[string]bool{"put_bucket_cors": true, "put_bucket_lifecycle": true}
	classBVerbs = map[string]bool{"get_bucket_cors": true, "get_bucket_lifecycle": true}
)

// readSetting is a verb that reads what the bucket has beside its objects.
func readSetting[T any](ctx context.Context, b *Bucket, verb string, read func(content) (T, error)) (value T, err error) {
	span, err := b.service.begin(ctx, verb, b.Name)
	if err != nil {
		return value, err
	}
	defer func() { span.End(err) }()
	if classBVerbs[verb] {
		span.Count(classB, 1)
	}
	err = b.view(func(c content) error {
		value, err = read(c)
		return err
	})
	return value, err
}

// changeSetting is a verb that changes it. The change is that of update.
func (b *Bucket) changeSetting(ctx context.Context, verb string, change func(content) error) (err error) {
	span, err := b.service.begin(ctx, verb, b.Name)
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	if classAVerbs[verb] {
		span.Count(classA, 1)
	}
	return b.update(change)
}
