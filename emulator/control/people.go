package control

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Who is there: one user with one account. Their names are made up, and stay the same from run to run.
const (
	// AccountID is the account that exists. Any other id is taken for it.
	AccountID    = "cfe00000000000000000000000000001"
	userID       = "cfe00000000000000000000000000002"
	tokenID      = "cfe00000000000000000000000000003"
	membershipID = "cfe00000000000000000000000000004"
	accountName  = "cfemu"
	since        = "2026-01-01T00:00:00Z"
)

// people are the endpoints for them. All are read only.
var people = map[string]cfapi.Handler{
	"/user":                             getUser,
	"/user/tokens/verify":               verifyToken,
	"/accounts":                         getAccounts,
	"/accounts/{account}":               getAccount,
	"/accounts/{account}/tokens/verify": verifyToken,
	"/memberships":                      getMemberships,
	"/memberships/{membership}":         getMembership,
}

// perPage are the bounds of the lists of accounts and memberships:
// https://developers.cloudflare.com/api/resources/accounts/methods/list/
var perPage = cfapi.Bounds{Default: 20, Min: 5, Max: 50}

func verifyToken(w http.ResponseWriter, _ *http.Request) error {
	return cfapi.WriteResult(w, struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}{tokenID, "active"}, cfapi.Message{Code: 10000, Text: "This API Token is valid and active"})
}

type user struct {
	ID                 string   `json:"id"`
	Email              string   `json:"email"`
	FirstName          *string  `json:"first_name"`
	LastName           *string  `json:"last_name"`
	Telephone          *string  `json:"telephone"`
	Country            *string  `json:"country"`
	Zipcode            *string  `json:"zipcode"`
	TwoFactor          bool     `json:"two_factor_authentication_enabled"`
	TwoFactorLocked    bool     `json:"two_factor_authentication_locked"`
	CreatedOn          string   `json:"created_on"`
	ModifiedOn         string   `json:"modified_on"`
	Organizations      []string `json:"organizations"`
	HasProZones        bool     `json:"has_pro_zones"`
	HasBusinessZones   bool     `json:"has_business_zones"`
	HasEnterpriseZones bool     `json:"has_enterprise_zones"`
	Suspended          bool     `json:"suspended"`
	Betas              []string `json:"betas"`
}

func getUser(w http.ResponseWriter, r *http.Request) error {
	email := r.Header.Get("X-Auth-Email")
	if email == "" {
		email = "cfemu@localhost"
	}
	return cfapi.WriteResult(w, user{ID: userID, Email: email, CreatedOn: since, ModifiedOn: since, Organizations: []string{}, Betas: []string{}})
}

type account struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Settings  accountSettings `json:"settings"`
	CreatedOn string          `json:"created_on"`
}

type accountSettings struct {
	EnforceTwoFactor  bool    `json:"enforce_twofactor"`
	APIAccess         *bool   `json:"api_access_enabled"`
	AbuseContactEmail *string `json:"abuse_contact_email"`
}

func accountOf(id string) account {
	return account{ID: id, Name: accountName, Type: "standard", CreatedOn: since}
}

func getAccount(w http.ResponseWriter, r *http.Request) error {
	id, err := cfapi.Unescape(mux.Vars(r)["account"])
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, accountOf(id))
}

func getAccounts(w http.ResponseWriter, r *http.Request) error {
	return writeOne(w, r, r.URL.Query().Get("name"), accountOf(AccountID))
}

type membership struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Account   account  `json:"account"`
	APIAccess *bool    `json:"api_access_enabled"`
	Roles     []string `json:"roles"`
}

func theMembership() membership {
	return membership{ID: membershipID, Status: "accepted", Account: accountOf(AccountID), Roles: []string{"Super Administrator - All Privileges"}}
}

func getMembership(w http.ResponseWriter, r *http.Request) error {
	if mux.Vars(r)["membership"] != membershipID {
		return notFound(r)
	}
	return cfapi.WriteResult(w, theMembership())
}

func getMemberships(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	name := q.Get("account.name")
	if name == "" {
		name = q.Get("name")
	}
	if status := q.Get("status"); status != "" && status != "accepted" {
		name = "none of that status"
	}
	return writeOne(w, r, name, theMembership())
}

// writeOne writes a page of a list of one row, which belongs to the account; a name chooses among accounts.
func writeOne[T any](w http.ResponseWriter, r *http.Request, name string, row T) error {
	page, err := cfapi.PageOf(r.URL.Query(), perPage)
	if err != nil {
		return err
	}
	all := []T{row}
	if name != "" && name != accountName {
		all = []T{}
	}
	rows, info := cfapi.Cut(all, page)
	return cfapi.WritePage(w, rows, info)
}
