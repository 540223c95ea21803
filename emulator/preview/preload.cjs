// Leads the remote bindings of wrangler, and of what is built on it, to cfemu. NODE_OPTIONS loads this
// file into every Node.js; it does nothing unless Miniflare is loaded there, and then nothing to what is not
// a session with cfemu. It has the syntax of 2015, so that an old Node.js passes over it.
"use strict";

(function () {
  var channel;
  try {
    channel = require("diagnostics_channel");
  } catch (err) {
    return; // older than any wrangler that has remote bindings
  }
  var channels = ["tracing:module.require:start", "tracing:module.import:start"];

  function look(message) {
    var id = String((message && (message.id || message.url)) || "");
    if (id !== "miniflare" && !/[\\/]miniflare[\\/]dist[\\/]/.test(id)) return;
    channels.forEach(function (name) { channel.channel(name).unsubscribe(look); });
    install();
  }
  channels.forEach(function (name) { channel.channel(name).subscribe(look); });

  // Wrangler hands its proxy the host of a session in request.cf, and its bindings to the API in an
  // upload's metadata: both pass here as objects that are about to become JSON.
  function install() {
    var stringify = JSON.stringify;
    JSON.stringify = {
      stringify: function (value, replacer, space) {
        return stringify.call(this, known(value), replacer, space);
      },
    }.stringify;
  }

  function known(value) {
    if (value === null || typeof value !== "object") return value;
    try {
      if (value.hostMetadata && value.hostMetadata.type === "play") return redirected(value);
      if (value.main_module === "proxy-worker.js" && Array.isArray(value.bindings) && isLocal()) return marked(value);
    } catch (err) {
      // A getter of somebody's threw. JSON.stringify will meet it itself.
    }
    return value;
  }

  // The host's name holds the address of the cfemu that gave it.
  function redirected(value) {
    played = true;
    var proxyData = value.hostMetadata.proxyData;
    var match = /\.cfemu (\S+:\d+)(\.[\w-]+)*\.workers\.dev$/.exec(proxyData.userWorkerUrl.hostname);
    if (!match) return value;
    var url = new URL("http://" + match[1]);
    return Object.assign({}, value, {
      hostMetadata: Object.assign({}, value.hostMetadata, {
        proxyData: Object.assign({}, proxyData, {
          userWorkerUrl: { protocol: url.protocol, hostname: url.hostname, port: url.port },
        }),
      }),
    });
  }

  var played = false;

  function isLocal() {
    return /^http:/.test(process.env.CLOUDFLARE_API_BASE_URL || process.env.CF_API_BASE_URL || "");
  }

  // The mark tells cfemu that the way is known here.
  function marked(value) {
    var timer = setTimeout(function () {
      if (played) return;
      process.stderr.write('cfemu: this wrangler is not one that cfemu\'s preload script knows: its remote bindings find no host. See "Beside wrangler" in cfemu\'s README for the other way, --remote-bindings tls.\n');
    }, 10000);
    timer.unref();
    return Object.assign({}, value, { cfemu_preload: 1 });
  }
})();
