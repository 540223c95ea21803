package r2

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// settingRoutes adds what client/v4 offers for what a bucket has beside its objects.
func (s *Service) settingRoutes(r *mux.Router) {
	const one = "/r2/buckets/{bucket}"
	handle := func(method, path string, h func(*Bucket, http.ResponseWriter, *http.Request) error) {
		r.Handle(path, cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
			b, err := s.ofRoute(r)
			if err != nil {
				return err
			}
			return h(b, w, r)
		})).Methods(method)
	}
	handle(http.MethodGet, one+"/cors", (*Bucket).getCORS)
	handle(http.MethodPut, one+"/cors", (*Bucket).putCORS)
	handle(http.MethodDelete, one+"/cors", (*Bucket).deleteCORS)
	handle(http.MethodGet, one+"/lifecycle", (*Bucket).getLifecycle)
	handle(http.MethodPut, one+"/lifecycle", (*Bucket).putLifecycle)
	handle(http.MethodGet, one+"/lock", (*Bucket).getLock)
	handle(http.MethodPut, one+"/lock", (*Bucket).putLock)
	handle(http.MethodGet, one+"/sippy", (*Bucket).getDisabled)
	handle(http.MethodPut, one+"/sippy", notEmulated("Sippy", "cfemu reads from no other cloud by itself: copy the objects in, by `rclone` or `cfemu r2 object put`"))
	handle(http.MethodDelete, one+"/sippy", (*Bucket).getDisabled)
	handle(http.MethodGet, one+"/local-uploads", (*Bucket).getDisabled)
	handle(http.MethodPut, one+"/local-uploads", (*Bucket).putLocalUploads)
	handle(http.MethodGet, one+"/domains/managed", (*Bucket).getManagedDomain)
	handle(http.MethodPut, one+"/domains/managed", (*Bucket).putManagedDomain)
	handle(http.MethodGet, one+"/domains/custom", (*Bucket).getCustomDomains)
	handle(http.MethodPost, one+"/domains/custom", (*Bucket).postCustomDomain)
	handle(http.MethodGet, one+"/domains/custom/{domain}", (*Bucket).getCustomDomain)
	handle(http.MethodPut, one+"/domains/custom/{domain}", (*Bucket).putCustomDomain)
	handle(http.MethodDelete, one+"/domains/custom/{domain}", (*Bucket).deleteCustomDomain)
	const events = "/event_notifications/r2/{bucket}/configuration"
	const queue = events + "/queues/{queue}"
	r.Handle(events, cfapi.Handler(s.getNotifications)).Methods(http.MethodGet)
	r.Handle(queue, cfapi.Handler(s.getQueueNotifications)).Methods(http.MethodGet)
	r.Handle(queue, cfapi.Handler(s.putQueueNotifications)).Methods(http.MethodPut)
	r.Handle(queue, cfapi.Handler(s.deleteQueueNotifications)).Methods(http.MethodDelete)
}

// rulesOf is the form in which client/v4 has rules, both ways.
type rulesOf[T any] struct {
	Rules T `json:"rules"`
}

// decodeRules reads rules. What cannot be read is malformed, as a rule that says nothing is.
func decodeRules[T any](r *http.Request) (T, error) {
	var in rulesOf[T]
	err := cfapi.DecodeJSON(r, &in, maxRequestBytes)
	return in.Rules, badJSON(err)
}

func badJSON(err error) error {
	if err == nil {
		return nil
	}
	bad := malformed("%v", err)
	bad.Err = err
	return bad
}

func (b *Bucket) getCORS(w http.ResponseWriter, r *http.Request) error {
	policy, err := b.CORS(r.Context())
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, rulesOf[CORSPolicy]{policy})
}

func (b *Bucket) putCORS(w http.ResponseWriter, r *http.Request) error {
	policy, err := decodeRules[CORSPolicy](r)
	if err == nil {
		err = b.SetCORS(r.Context(), policy)
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct{}{})
}

func (b *Bucket) deleteCORS(w http.ResponseWriter, r *http.Request) error {
	if err := b.DeleteCORS(r.Context()); err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct{}{})
}

func (b *Bucket) getLifecycle(w http.ResponseWriter, r *http.Request) error {
	rules, err := b.Lifecycle(r.Context())
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, rulesOf[[]LifecycleRule]{rules})
}

func (b *Bucket) putLifecycle(w http.ResponseWriter, r *http.Request) error {
	rules, err := decodeRules[[]LifecycleRule](r)
	if err == nil {
		err = b.SetLifecycle(r.Context(), rules)
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct{}{})
}

func (b *Bucket) getLock(w http.ResponseWriter, r *http.Request) error {
	rules, err := b.Locks(r.Context())
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, rulesOf[[]LockRule]{rules})
}

func (b *Bucket) putLock(w http.ResponseWriter, r *http.Request) error {
	rules, err := decodeRules[[]LockRule](r)
	if err == nil {
		err = b.SetLocks(r.Context(), rules)
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct{}{})
}

// restEnabled is the form of a setting that is on or off.
type restEnabled struct {
	Enabled bool `json:"enabled"`
}

// getDisabled answers for what is never on here.
func (b *Bucket) getDisabled(w http.ResponseWriter, _ *http.Request) error {
	return cfapi.WriteResult(w, restEnabled{})
}

// codeNotEntitled is R2's number for a feature that the account does not have.
const codeNotEntitled Code = 10042

// notEmulated refuses to turn on what would not happen.
func notEmulated(what, instead string) func(*Bucket, http.ResponseWriter, *http.Request) error {
	return func(*Bucket, http.ResponseWriter, *http.Request) error {
		return cfapi.New(http.StatusNotImplemented, int(codeNotEntitled), what+" is not emulated: "+instead)
	}
}

// putLocalUploads takes that local uploads shall be off. They would make no difference on one machine.
func (b *Bucket) putLocalUploads(w http.ResponseWriter, r *http.Request) error {
	var in restEnabled
	if err := cfapi.DecodeJSON(r, &in, maxRequestBytes); err != nil {
		return badJSON(err)
	}
	if in.Enabled {
		return notEmulated("Local Uploads", "all objects lie on this machine anyway")(b, w, r)
	}
	return cfapi.WriteResult(w, restEnabled{})
}

func (b *Bucket) getManagedDomain(w http.ResponseWriter, r *http.Request) error {
	d, err := b.ManagedDomain(r.Context())
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, d)
}

func (b *Bucket) putManagedDomain(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Enabled *bool `json:"enabled"`
	}
	if err := cfapi.DecodeJSON(r, &in, maxRequestBytes); err != nil {
		return badJSON(err)
	}
	if in.Enabled == nil {
		return malformed("the body must be an object with enabled, true or false")
	}
	d, err := b.SetManagedDomain(r.Context(), *in.Enabled)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, d)
}

// restCustomDomain is a custom domain with its status: it is active at once, since nobody has to be asked.
type restCustomDomain struct {
	CustomDomain
	Status struct {
		Ownership string `json:"ownership"`
		SSL       string `json:"ssl"`
	} `json:"status"`
}

func restDomain(d CustomDomain) restCustomDomain {
	one := restCustomDomain{CustomDomain: d}
	one.Status.Ownership, one.Status.SSL = "active", "active"
	return one
}

func (b *Bucket) getCustomDomains(w http.ResponseWriter, r *http.Request) error {
	all, err := b.CustomDomains(r.Context())
	if err != nil {
		return err
	}
	rows := make([]restCustomDomain, len(all))
	for i, d := range all {
		rows[i] = restDomain(d)
	}
	return cfapi.WriteResult(w, struct {
		Domains []restCustomDomain `json:"domains"`
	}{rows})
}

func (b *Bucket) postCustomDomain(w http.ResponseWriter, r *http.Request) error {
	var in CustomDomain
	if err := cfapi.DecodeJSON(r, &in, maxRequestBytes); err != nil {
		return badJSON(err)
	}
	d, err := b.AddCustomDomain(r.Context(), in)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, d)
}

func (b *Bucket) getCustomDomain(w http.ResponseWriter, r *http.Request) error {
	name, err := cfapi.Unescape(mux.Vars(r)["domain"])
	if err != nil {
		return err
	}
	d, err := b.CustomDomain(r.Context(), name)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restDomain(d))
}

func (b *Bucket) putCustomDomain(w http.ResponseWriter, r *http.Request) error {
	name, err := cfapi.Unescape(mux.Vars(r)["domain"])
	if err != nil {
		return err
	}
	var ch CustomDomainChange
	if err := cfapi.DecodeJSON(r, &ch, maxRequestBytes); err != nil {
		return badJSON(err)
	}
	d, err := b.UpdateCustomDomain(r.Context(), name, ch)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, d)
}

func (b *Bucket) deleteCustomDomain(w http.ResponseWriter, r *http.Request) error {
	name, err := cfapi.Unescape(mux.Vars(r)["domain"])
	if err == nil {
		err = b.RemoveCustomDomain(r.Context(), name)
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct {
		Domain string `json:"domain"`
	}{name})
}

// A restQueue is what a bucket tells one queue.
type restQueue struct {
	QueueID   string             `json:"queueId"`
	QueueName string             `json:"queueName"`
	Rules     []NotificationRule `json:"rules"`
}

// ofEventRoute is ofRoute for an API that is not R2's own.
func (s *Service) ofEventRoute(r *http.Request) (*Bucket, error) {
	b, err := s.ofRoute(r)
	if known, ok := errors.AsType[*Error](err); ok && known.Code == CodeNoSuchBucket {
		return nil, notificationError(CodeNotificationBucket, "workers.api.error.bucket_not_found")
	}
	return b, err
}

// restQueues are the rules of b by queues.
func (s *Service) restQueues(r *http.Request, b *Bucket) ([]restQueue, error) {
	all, err := b.Notifications(r.Context())
	rows := make([]restQueue, len(all))
	for i, q := range all {
		rows[i] = restQueue{QueueID: q.QueueID, Rules: q.Rules}
		if s.notifier == nil {
			continue
		}
		if queue, ok := s.notifier.Queue(r.Context(), q.QueueID); ok {
			rows[i].QueueName = queue.Name
		}
	}
	return rows, err
}

func (s *Service) getNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofEventRoute(r)
	if err != nil {
		return err
	}
	queues, err := s.restQueues(r, b)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct {
		BucketName string      `json:"bucketName"`
		Queues     []restQueue `json:"queues"`
	}{b.Name, queues})
}

func (s *Service) getQueueNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofEventRoute(r)
	if err != nil {
		return err
	}
	id, err := cfapi.Unescape(mux.Vars(r)["queue"])
	if err != nil {
		return err
	}
	queues, err := s.restQueues(r, b)
	if err != nil {
		return err
	}
	for _, q := range queues {
		if q.QueueID == id {
			return cfapi.WriteResult(w, q)
		}
	}
	return noNotifications(b, id)
}

func (s *Service) putQueueNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofEventRoute(r)
	if err != nil {
		return err
	}
	id, err := cfapi.Unescape(mux.Vars(r)["queue"])
	if err != nil {
		return err
	}
	var in rulesOf[[]NotificationRule]
	if err := cfapi.DecodeJSON(r, &in, maxRequestBytes); err != nil {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: %v", err)
	}
	if err := b.AddNotifications(r.Context(), id, in.Rules); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}

// deleteQueueNotifications reads which rules from a body that may be missing.
func (s *Service) deleteQueueNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofEventRoute(r)
	if err != nil {
		return err
	}
	id, err := cfapi.Unescape(mux.Vars(r)["queue"])
	if err != nil {
		return err
	}
	var in struct {
		RuleIDs []string `json:"ruleIds"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequestBytes))
	if err != nil {
		return err
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			return notificationError(CodeNotificationRules, "Invalid event notification configuration: %v", err)
		}
	}
	if in.RuleIDs != nil && len(in.RuleIDs) == 0 {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: ruleIds names no rule; without ruleIds, all rules are deleted")
	}
	if err := b.DeleteNotifications(r.Context(), id, in.RuleIDs); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}
