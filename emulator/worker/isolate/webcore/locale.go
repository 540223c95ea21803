package webcore

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// numberStyle is what of Intl.NumberFormat's options is understood, for en-US.
type numberStyle struct {
	prefix, suffix   string
	percent          bool
	minimum, maximum int // digits after the point
	minimumInteger   int
	grouping         bool
}

// currencySymbols are en-US's; a currency without one shows its code.
var currencySymbols = map[string]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CNY": "CN¥", "KRW": "₩", "BRL": "R$",
	"CAD": "CA$", "AUD": "A$", "MXN": "MX$", "NZD": "NZ$", "HKD": "HK$", "ILS": "₪", "VND": "₫", "TWD": "NT$",
	"XAF": "FCFA\u00a0", "XOF": "F\u202fCFA\u00a0", "XPF": "CFPF\u00a0", "XCD": "EC$", "PHP": "₱",
}

// currencyDigits are the currencies that do not have hundredths.
var currencyDigits = map[string]int{
	"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "UGX": 0, "XAF": 0, "XOF": 0, "PYG": 0, "RWF": 0,
	"XPF": 0, "HUF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3, "LYD": 3,
}

// formatNumber is toLocaleString of numbers and BigInts.
// Deviation: toLocaleString knows en-US only; another locale gets its format.
func (c *Core) formatNumber(call goja.FunctionCall) goja.Value {
	style := c.numberStyle(call.Argument(1))
	var digits string
	switch v := call.Argument(0).Export().(type) {
	case *big.Int:
		digits = v.String()
	default:
		f := call.Argument(0).ToFloat()
		if text, ok := style.notFinite(f); ok {
			return c.rt.ToValue(text)
		}
		digits = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return c.rt.ToValue(style.format(digits))
}

// notFinite formats NaN and the infinities, and reports false for numbers.
func (s numberStyle) notFinite(f float64) (string, bool) {
	prefix := strings.TrimSuffix(s.prefix, "\u00a0")
	switch {
	case math.IsNaN(f):
		return prefix + "NaN" + s.suffix, true
	case math.IsInf(f, 1):
		return prefix + "∞" + s.suffix, true
	case math.IsInf(f, -1):
		return "-" + prefix + "∞" + s.suffix, true
	}
	return "", false
}

func (c *Core) numberStyle(v goja.Value) numberStyle {
	s := numberStyle{maximum: 3, minimumInteger: 1, grouping: true}
	o := c.dictionary(v, "toLocaleString")
	if o == nil {
		return s
	}
	text := func(name string) string {
		if v := o.Get(name); v != nil && !goja.IsUndefined(v) {
			return v.String()
		}
		return ""
	}
	switch text("style") {
	case "", "decimal":
	case "percent":
		s.percent, s.suffix, s.maximum = true, "%", 0
	case "currency":
		c.currencyStyle(&s, text("currency"), text("currencyDisplay"))
	default:
		c.unsupportedOption("style: " + text("style"))
	}
	for _, name := range []string{"notation", "unit", "minimumSignificantDigits", "maximumSignificantDigits",
		"signDisplay", "currencySign", "roundingMode", "roundingIncrement", "trailingZeroDisplay"} {
		if t := text(name); t != "" && t != "standard" && t != "auto" {
			c.unsupportedOption(name + ": " + t)
		}
	}
	if t := text("useGrouping"); t == "false" {
		s.grouping = false
	}
	c.digitOptions(&s, o)
	return s
}

func (c *Core) currencyStyle(s *numberStyle, currency, display string) {
	currency = strings.ToUpper(currency)
	if len(currency) != 3 {
		c.typeError("Currency code is required with currency style.")
	}
	symbol, ok := currencySymbols[currency]
	if !ok || display == "code" {
		symbol = currency + "\u00a0"
	}
	switch display {
	case "", "symbol", "code":
	case "narrowSymbol":
		symbol = strings.TrimLeft(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	default:
		c.unsupportedOption("currencyDisplay: " + display)
	}
	digits, ok := currencyDigits[currency]
	if !ok {
		digits = 2
	}
	s.prefix, s.minimum, s.maximum = symbol, digits, digits
}

// digitOptions applies the options that count digits; each bound drags the other's default along.
func (c *Core) digitOptions(s *numberStyle, o *goja.Object) {
	get := func(name string, low, high int) (int, bool) {
		v := o.Get(name)
		if v == nil || goja.IsUndefined(v) {
			return 0, false
		}
		f := math.Floor(v.ToFloat())
		if math.IsNaN(f) || f < float64(low) || f > float64(high) {
			c.rangeError(name + " value is out of range.")
		}
		return int(f), true
	}
	if n, ok := get("minimumIntegerDigits", 1, 21); ok {
		s.minimumInteger = n
	}
	minimum, hasMinimum := get("minimumFractionDigits", 0, 100)
	maximum, hasMaximum := get("maximumFractionDigits", 0, 100)
	switch {
	case hasMinimum && hasMaximum:
		if minimum > maximum {
			c.rangeError("maximumFractionDigits value is out of range.")
		}
		s.minimum, s.maximum = minimum, maximum
	case hasMinimum:
		s.minimum, s.maximum = minimum, max(s.maximum, minimum)
	case hasMaximum:
		s.minimum, s.maximum = min(s.minimum, maximum), maximum
	}
}

func (c *Core) unsupportedOption(option string) {
	panic(c.newError("toLocaleString: the option " + option + " is not supported by cfemu's embedded engine"))
}

func (c *Core) newError(message string) *goja.Object {
	o, err := c.rt.New(c.rt.Get("Error"), c.rt.ToValue(message))
	must(err)
	return o
}

// format formats plain decimal digits.
func (s numberStyle) format(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if s.percent {
		padded := fraction + "00"
		whole, fraction = strings.TrimLeft(whole+padded[:2], "0"), strings.TrimRight(padded[2:], "0")
	}
	whole, fraction = roundHalfUp(whole, fraction, s.maximum)
	fraction = strings.TrimRight(fraction, "0")
	fraction += strings.Repeat("0", max(0, s.minimum-len(fraction)))
	whole = strings.Repeat("0", max(0, s.minimumInteger-len(whole))) + whole
	if s.grouping {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + s.prefix + whole + s.suffix
}

// roundHalfUp rounds decimal digits to n places, which for a number's shortest digits is what ICU does.
func roundHalfUp(whole, fraction string, n int) (string, string) {
	if len(fraction) <= n {
		return whole, fraction
	}
	up := fraction[n] >= '5'
	all := []byte(whole + fraction[:n])
	for i := len(all) - 1; up && i >= 0; i-- {
		if up = all[i] == '9'; up {
			all[i] = '0'
		} else {
			all[i]++
		}
	}
	if up {
		all = append([]byte{'1'}, all...)
	}
	return string(all[:len(all)-n]), string(all[len(all)-n:])
}
