package cldr

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A Decimal is a number as its decimal digits: 0.digits × 10^point, without zeros at either end.
type Decimal struct {
	negative bool
	nan, inf bool
	digits   string
	point    int
}

// FromFloat is f by its shortest digits.
func FromFloat(f float64) Decimal {
	switch {
	case math.IsNaN(f):
		return Decimal{nan: true}
	case math.IsInf(f, 0):
		return Decimal{inf: true, negative: f < 0}
	}
	text := strconv.FormatFloat(math.Abs(f), 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	return trimmed(math.Signbit(f), whole+fraction, e+1)
}

// FromInt is n whole.
func FromInt(n *big.Int) Decimal {
	text := new(big.Int).Abs(n).String()
	return trimmed(n.Sign() < 0, text, len(text))
}

// FromString reads what JavaScript takes as a number, with all its digits; NaN for anything else.
func FromString(text string) Decimal {
	text = strings.TrimFunc(text, func(c rune) bool {
		return strings.ContainsRune(" \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff", c)
	})
	if text == "" {
		return Decimal{}
	}
	if len(text) > 2 && text[0] == '0' && strings.ContainsRune("xXoObB", rune(text[1])) {
		if n, ok := new(big.Int).SetString(text, 0); ok && !strings.Contains(text, "_") {
			return FromInt(n)
		}
		return Decimal{nan: true}
	}
	negative := strings.HasPrefix(text, "-")
	if negative || text[0] == '+' {
		text = text[1:]
	}
	if text == "Infinity" {
		return Decimal{inf: true, negative: negative}
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return Decimal{nan: true}
		}
		mantissa, exponent = text[:i], min(max(n, -1e6), 1e6)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return Decimal{nan: true}
	}
	d := trimmed(negative, whole+fraction, len(whole)+exponent)
	// What is no float64 is infinite or nothing, by ECMA-402's ToIntlMathematicalValue.
	switch f := math.Abs(d.Float()); {
	case math.IsInf(f, 0):
		return Decimal{inf: true, negative: negative}
	case f == 0:
		return Decimal{negative: negative}
	}
	return d
}

func trimmed(negative bool, digits string, point int) Decimal {
	short := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(short)
	short = strings.TrimRight(short, "0")
	if short == "" {
		point = 0
	}
	return Decimal{negative: negative, digits: short, point: point}
}

// IsNaN reports whether d is not a number.
func (d Decimal) IsNaN() bool { return d.nan }

// Float is the nearest float64.
func (d Decimal) Float() float64 {
	f := math.NaN()
	switch {
	case d.nan:
	case d.inf:
		f = math.Inf(1)
	default:
		f, _ = strconv.ParseFloat("0."+d.digits+"0e"+strconv.Itoa(d.point), 64)
	}
	if d.negative {
		f = -f
	}
	return f
}

// Finite reports whether d is neither NaN nor infinite.
func (d Decimal) Finite() bool { return !d.nan && !d.inf }
func (d Decimal) zero() bool   { return d.Finite() && d.digits == "" }

// magnitude is the power of ten of the first digit; of zero 0.
func (d Decimal) magnitude() int {
	if d.digits == "" {
		return 0
	}
	return d.point - 1
}

// shifted is d × 10^n.
func (d Decimal) shifted(n int) Decimal {
	if d.digits != "" {
		d.point += n
	}
	return d
}

// rounded is d as a multiple of increment × 10^exponent.
func (d Decimal) rounded(exponent, increment int, mode string) Decimal {
	if !d.Finite() || d.digits == "" {
		return d
	}
	if increment > 1 {
		return d.roundedBy(exponent, increment, mode)
	}
	keep := d.point - exponent // digits that stay
	if keep >= len(d.digits) {
		return d
	}
	half, last := -1, byte('0') // what is cut off compared to one half
	if keep >= 0 {
		rest := d.digits[keep:]
		switch {
		case rest == "5":
			half = 0
		case rest[0] >= '5':
			half = 1
		}
		if keep > 0 {
			last = d.digits[keep-1]
		}
	}
	digits := strings.Repeat("0", max(0, -keep)) + d.digits[:max(0, keep)]
	if up(mode, half, last%2 == 1, d.negative) {
		digits = increased(digits[:max(0, keep)])
		return trimmed(d.negative, digits, exponent+len(digits))
	}
	if keep <= 0 {
		return Decimal{negative: d.negative}
	}
	return trimmed(d.negative, digits, d.point)
}

// up reports whether a magnitude is rounded up; half compares what is cut off to one half.
func up(mode string, half int, odd, negative bool) bool {
	switch mode {
	case "ceil":
		return !negative
	case "floor":
		return negative
	case "expand":
		return true
	case "trunc":
		return false
	}
	if half != 0 {
		return half > 0
	}
	switch mode {
	case "halfCeil":
		return !negative
	case "halfFloor":
		return negative
	case "halfTrunc":
		return false
	case "halfEven":
		return odd
	}
	return true
}

func increased(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

func (d Decimal) roundedBy(exponent, increment int, mode string) Decimal {
	digits, scale := d.digits, d.point-len(d.digits) // value is digits × 10^scale
	step := big.NewInt(int64(increment))
	ten := big.NewInt(10)
	n, _ := new(big.Int).SetString(digits, 10)
	if scale > exponent {
		n.Mul(n, new(big.Int).Exp(ten, big.NewInt(int64(scale-exponent)), nil))
	} else {
		step.Mul(step, new(big.Int).Exp(ten, big.NewInt(int64(exponent-scale)), nil))
	}
	quotient, rest := new(big.Int).QuoRem(n, step, new(big.Int))
	if rest.Sign() != 0 && up(mode, rest.Lsh(rest, 1).Cmp(step), quotient.Bit(0) == 1, d.negative) {
		quotient.Add(quotient, big.NewInt(1))
	}
	text := quotient.Mul(quotient, big.NewInt(int64(increment))).String()
	return trimmed(d.negative, text, len(text)+exponent)
}

// split returns the digits before and after the point, as many as there are.
func (d Decimal) split() (whole, fraction string) {
	switch {
	case d.point <= 0:
		return "", strings.Repeat("0", -d.point) + d.digits
	case d.point >= len(d.digits):
		return d.digits + strings.Repeat("0", d.point-len(d.digits)), ""
	}
	return d.digits[:d.point], d.digits[d.point:]
}

// DigitOptions say how many digits a number shows. Rounding is "fraction", "significant", "more" or
// "less" precision of the two.
type DigitOptions struct {
	MinimumInteger                         int
	MinimumFraction, MaximumFraction       int
	MinimumSignificant, MaximumSignificant int
	Rounding, Mode, TrailingZeros          string
	Increment                              int
}

// apply rounds d and says how many digits after the point are shown at least.
func (o *DigitOptions) apply(d Decimal) (Decimal, int) {
	significant := o.Rounding == "significant"
	bySignificant := d.magnitude() - o.MaximumSignificant + 1
	switch o.Rounding {
	case "more":
		significant = bySignificant <= -o.MaximumFraction
	case "less":
		significant = bySignificant > -o.MaximumFraction
	}
	minimum := o.MinimumFraction
	var r Decimal
	if significant {
		r = d.rounded(bySignificant, 1, o.Mode)
		minimum = max(0, o.MinimumSignificant-1-r.magnitude())
	} else {
		r = d.rounded(-o.MaximumFraction, o.Increment, o.Mode)
	}
	if o.TrailingZeros == "stripIfInteger" && len(r.digits) <= r.point {
		minimum = 0
	}
	return r, minimum
}

// Digits returns the digits of d as the options show them, without grouping.
func (o *DigitOptions) Digits(d Decimal) (r Decimal, whole, fraction string) {
	r, minimum := o.apply(d)
	whole, fraction = r.split()
	fraction += strings.Repeat("0", max(0, minimum-len(fraction)))
	whole = strings.Repeat("0", max(0, o.MinimumInteger-len(whole))) + whole
	return r, whole, fraction
}
