package preview

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// refuseRPC answers the WebSocket over which wrangler calls the methods of a binding. It is opened,
// since wrangler shows no text of a refusal to open it, and its one message ends the session with an
// error, which is then what each call throws.
//
// Deviation: methods of remote bindings cannot be called
func refuseRPC(w http.ResponseWriter, r *http.Request, t target) {
	text := fmt.Sprintf("cfemu: methods of the remote binding %s (%s) cannot be called; its fetch() can. Take \"remote\": true out of the configuration to have it run locally", t.binding.Name, t.binding.Type)
	if t.err != nil {
		text = "cfemu: " + t.err.Error()
	}
	key := r.Header.Get("Sec-Websocket-Key")
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || key == "" {
		say(w, http.StatusNotImplemented, text)
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		say(w, http.StatusNotImplemented, text)
		return
	}
	defer conn.Close()
	accept := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, 4.2.2
	fmt.Fprintf(buf, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]))
	message, err := json.Marshal([]any{"abort", []any{"error", "Error", text}})
	if err != nil {
		return // strings always marshal
	}
	frame(buf.Writer, 0x81, message)        // a whole text
	frame(buf.Writer, 0x88, []byte{3, 232}) // close, 1000
	_ = buf.Flush()                         // the client is gone when this fails
}

// frame writes one frame of a WebSocket, unmasked, as servers do.
func frame(w *bufio.Writer, kind byte, payload []byte) {
	head := []byte{kind, byte(len(payload))}
	if len(payload) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{kind, 126}, uint16(len(payload)))
	}
	_, _ = w.Write(append(head, payload...))
}
