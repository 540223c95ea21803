// The Worker behind the assets: it says that it was reached, and asks env.ASSETS when told to.
export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    if (url.searchParams.has("via")) return env.ASSETS.fetch(new Request(new URL(url.searchParams.get("via"), url), request))
    return new Response("worker " + request.method + " " + url.pathname, { headers: { "x-worker": "1" } })
  },
}
