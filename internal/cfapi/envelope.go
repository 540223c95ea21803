package cfapi

import (
	"encoding/json"
	"net/http"
)

type envelope struct {
	Success    bool      `json:"success"`
	Errors     []Fault   `json:"errors"`
	Messages   []Message `json:"messages"`
	Result     any       `json:"result"`
	ResultInfo any       `json:"result_info,omitempty"`
}

// A Message is a note beside a result. Without a Code it is a bare string.
type Message struct {
	Code int
	Text string
}

// MarshalJSON writes a string, or an object with code and message.
func (m Message) MarshalJSON() ([]byte, error) {
	if m.Code == 0 {
		return json.Marshal(m.Text)
	}
	return json.Marshal(struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{m.Code, m.Text})
}

// WriteResult writes result in a successful envelope, with messages when there are any.
func WriteResult(w http.ResponseWriter, result any, messages ...Message) error {
	return write(w, http.StatusOK, envelope{Success: true, Messages: messages, Result: result})
}

// WritePage writes result in a successful envelope with its result_info: a PageInfo, a CursorInfo, or
// what a product has of its own.
func WritePage(w http.ResponseWriter, result, info any) error {
	return write(w, http.StatusOK, envelope{Success: true, Result: result, ResultInfo: info})
}

func write(w http.ResponseWriter, status int, e envelope) error {
	if e.Errors == nil {
		e.Errors = []Fault{}
	}
	if e.Messages == nil {
		e.Messages = []Message{}
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}
