package urlpattern

// The states of a constructor string's parser, in the order of a URL's components.
type state int

const (
	stateInit state = iota
	stateProtocol
	stateAuthority
	stateUsername
	statePassword
	stateHostname
	statePort
	statePathname
	stateSearch
	stateHash
	stateDone
)

// A constructorParser divides a pattern that looks like a URL into those of its components.
type constructorParser struct {
	input     string
	tokens    []token
	result    Init
	state     state
	start     int // the token with which the component begins
	index     int
	increment int
	depth     int // of braces
	brackets  int // of an IPv6 address
	special   bool
	compile   Compile
}

// parseConstructor parses a constructor string. compile is needed to see which schemes it matches.
func parseConstructor(input string, compile Compile) (Init, error) {
	tokens, err := tokenize(input, true)
	if err != nil {
		return Init{}, err
	}
	p := &constructorParser{input: input, tokens: tokens, compile: compile}
	for p.index < len(p.tokens) {
		p.increment = 1
		if p.tokens[p.index].kind == tokenEnd && p.end() {
			break
		}
		if !p.inBraces() && p.tokens[p.index].kind != tokenEnd {
			if err := p.step(); err != nil {
				return Init{}, err
			}
		}
		p.index += p.increment
	}
	if p.result.Hostname != nil && p.result.Port == nil {
		p.result.Port = new(string)
	}
	return p.result, nil
}

// end deals with the end of the input and reports whether all is done.
func (p *constructorParser) end() bool {
	switch p.state {
	case stateInit:
		p.rewind()
		switch {
		case p.is(0, "#"):
			p.change(stateHash, 1)
		case p.searchPrefix():
			p.change(stateSearch, 1)
		default:
			p.change(statePathname, 0)
		}
	case stateAuthority:
		p.rewind()
		p.state = stateHostname
	default:
		p.change(stateDone, 0)
		return true
	}
	return false
}

// inBraces follows braces and reports whether the token is one or lies within.
func (p *constructorParser) inBraces() bool {
	switch p.tokens[p.index].kind {
	case tokenOpen:
		p.depth++
		return true
	case tokenClose:
		if p.depth > 0 {
			p.depth--
			return true
		}
	}
	return p.depth > 0
}

func (p *constructorParser) step() error {
	switch p.state {
	case stateInit:
		if p.is(0, ":") {
			p.rewind()
			p.state = stateProtocol
		}
	case stateProtocol:
		if p.is(0, ":") {
			return p.afterProtocol()
		}
	case stateAuthority:
		switch {
		case p.is(0, "@"):
			p.rewind()
			p.state = stateUsername
		case p.is(0, "/"), p.searchPrefix(), p.is(0, "#"):
			p.rewind()
			p.state = stateHostname
		}
	case stateUsername:
		switch {
		case p.is(0, ":"):
			p.change(statePassword, 1)
		case p.is(0, "@"):
			p.change(stateHostname, 1)
		}
	case statePassword:
		if p.is(0, "@") {
			p.change(stateHostname, 1)
		}
	case stateHostname:
		switch {
		case p.is(0, "["):
			p.brackets++
		case p.is(0, "]"):
			p.brackets--
		case p.is(0, ":") && p.brackets == 0:
			p.change(statePort, 1)
		default:
			p.afterAuthority()
		}
	case statePort:
		p.afterAuthority()
	case statePathname:
		p.afterPath()
	case stateSearch:
		if p.is(0, "#") {
			p.change(stateHash, 1)
		}
	}
	return nil
}

// afterProtocol finds out what follows the protocol's colon.
func (p *constructorParser) afterProtocol() error {
	c, err := compileComponent(p.component(), canonicalProtocol, options{}, p.compile)
	if err != nil {
		return err
	}
	p.special = c.matchesSpecial()
	switch {
	case p.is(1, "/") && p.is(2, "/"):
		p.change(stateAuthority, 3)
	case p.special:
		p.change(stateAuthority, 1)
	default:
		p.change(statePathname, 1)
	}
	return nil
}

func (p *constructorParser) afterAuthority() {
	if p.is(0, "/") {
		p.change(statePathname, 0)
		return
	}
	p.afterPath()
}

func (p *constructorParser) afterPath() {
	switch {
	case p.searchPrefix():
		p.change(stateSearch, 1)
	case p.is(0, "#"):
		p.change(stateHash, 1)
	}
}

// change ends a component and goes on to another, skipping tokens. Components that were passed over
// are empty, not wild.
func (p *constructorParser) change(to state, skip int) {
	if field := p.field(p.state); field != nil {
		text := p.component()
		*field = &text
	}
	if p.state != stateInit && to != stateDone {
		empty := func(field **string, text string) {
			if *field == nil {
				*field = &text
			}
		}
		if p.state <= statePassword && to >= statePort {
			empty(&p.result.Hostname, "")
		}
		if p.state <= statePort && to >= stateSearch {
			path := ""
			if p.special {
				path = "/"
			}
			empty(&p.result.Pathname, path)
		}
		if p.state <= statePathname && to == stateHash {
			empty(&p.result.Search, "")
		}
	}
	p.state = to
	p.index += skip
	p.start, p.increment = p.index, 0
}

func (p *constructorParser) field(s state) **string {
	r := &p.result
	return map[state]**string{
		stateProtocol: &r.Protocol, stateUsername: &r.Username, statePassword: &r.Password, stateHostname: &r.Hostname,
		statePort: &r.Port, statePathname: &r.Pathname, stateSearch: &r.Search, stateHash: &r.Hash,
	}[s]
}

func (p *constructorParser) rewind() { p.index, p.increment = p.start, 0 }

// component is the text from the component's start to the token at hand.
func (p *constructorParser) component() string {
	return p.input[p.at(p.start).index:p.tokens[p.index].index]
}

// at is a token, the last one when there are not so many.
func (p *constructorParser) at(n int) token { return p.tokens[min(n, len(p.tokens)-1)] }

// is reports whether the token that many places ahead is that character, with no meaning of its own.
func (p *constructorParser) is(ahead int, char string) bool {
	t := p.at(p.index + ahead)
	return t.value == char && (t.kind == tokenChar || t.kind == tokenEscaped || t.kind == tokenInvalid)
}

// searchPrefix reports whether the token is a question mark that begins the search and does not make
// what stands before it optional.
func (p *constructorParser) searchPrefix() bool {
	if p.is(0, "?") {
		return true
	}
	if p.tokens[p.index].value != "?" {
		return false
	}
	if p.index == 0 {
		return true
	}
	switch p.tokens[p.index-1].kind {
	case tokenName, tokenRegexp, tokenClose, tokenAsterisk:
		return false
	}
	return true
}
