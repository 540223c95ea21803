// Package ai emulates Workers AI without a network and without a model: its answers are made from
// the words of the question by fixed rules.
//
// # What the answers are
//
// The same input gives the same output on every machine and in every run, so that a test may
// compare it. Generated text is an extract: the facts of the prompt (its sentences, its "name:
// value" lines, the fields of JSON in it), the most telling ones first chosen and then told in
// their own order, cut at max_tokens. That reads like a summary, contains the numbers that a test
// looks for, and claims nothing that the prompt does not say. It follows no instruction beyond
// "in two sentences" or "in at most 50 words". Embeddings are hashed words and word parts: texts
// that share words are near each other, and that is all they know.
//
// # Faces
//
// Wire is what env.AI speaks. The model's name travels in a header, never in the body.
//
// # Tokens and neurons
//
// There is no tokenizer, so tokens are an estimate, the same for every model: pieces says how a
// text is cut, and a message costs messageTokens more for the role around it. usage in the answer,
// max_tokens, the events of a stream and what is billed all count these pieces. Cloudflare prices
// a model in neurons per million tokens, so that tokens times price is a whole number of millionths
// of a neuron: every run counts the unit micro_neurons, beside input_tokens and output_tokens.
//
// # State and concurrency
//
// Nothing is on disk. All methods may be called at the same time; a Service holds no lock, since
// nothing in it changes.
package ai
