package webintl

// different are the calls that we answer otherwise than the Node that wrote golden.txt, on purpose.
var different = map[string]struct{ want, why string }{
	`new Intl.DateTimeFormat('en-AU',{weekday:'short',month:'long',day:'numeric',hour:'numeric'}).format(1772712245678)`: {
		"Thu, 5 March at 12 pm", "two of CLDR's patterns are equally near, and ICU's choice depends on the order of its files"},
	`new Intl.DateTimeFormat('en-GB',{hour12:true,hour:'numeric',minute:'2-digit'}).format(1772668800000)`: {
		"12:00 am", "later V8s count from 12 where this Node counts from 0; see ECMA-402's pull request 758"},
	`new Intl.DateTimeFormat('en-GB',{hour12:true,hour:'numeric',minute:'2-digit'}).format(1772712000000)`: {
		"12:00 pm", "as above"},
	`new Intl.DateTimeFormat('en-GB',{hour12:true,hour:'numeric',minute:'2-digit'}).format(1772712245678)`: {
		"12:04 pm", "as above"},
	`[...new Intl.Segmenter('en',{granularity:'grapheme'}).segment("क्षि")].map(s=>s.index+':'+s.segment+(s.isWordLike===undefined?'':s.isWordLike?'+':'-')).join('|')`: {
		"0:क्|2:षि", "uniseg has the rules of Unicode 15.0, which do not know conjuncts"},
	`new Intl.DisplayNames('en',{type:'region'}).of('gb')`: {
		"United Kingdom", "ECMA-402 has codes put in canonical form"},
	`new Intl.DisplayNames('en-US',{type:'region',style:'short',fallback:'none'}).of('gb')`: {
		"UK", "as above"},
}
