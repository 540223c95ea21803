package webintl

// different are the calls that we answer otherwise than the Node that wrote golden.txt, on purpose.
var different = map[string]struct{ want, why string }{}
