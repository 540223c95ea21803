package webfetch

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
)

func TestStreamsLoad(t *testing.T) {
	h := hosttest.New(t)
	Install(h)
	t.Log(h.Run(t, `
	const rs = new ReadableStream({start(c){ c.enqueue('a'); c.enqueue('b'); c.close(); }});
	const r = rs.getReader(); const out=[];
	for(;;){ const {value,done}=await r.read(); if(done) break; out.push(value);} 
	const b = await new Response(new Response("hällo").body).text();
	const ts = new TransformStream({transform(x,c){c.enqueue(x+x)}});
	const out2=[];
	await ReadableStream.from(['x','y']).pipeThrough(ts).pipeTo(new WritableStream({write(c){out2.push(c)}}));
	const i = new IdentityTransformStream();
	const p = new Response("through").body.pipeTo(i.writable);
	const t3 = await new Response(i.readable).text();
	await p;
	const i2 = new FixedLengthStream(3);
	const w = i2.writable.getWriter(); const wp = w.write(new Uint8Array([65,66,67])).then(()=>w.close());
	const t4 = await new Response(i2.readable).text(); await wp;
	return [out.join(), b, out2.join(), t3, t4].join('|')`))
}
