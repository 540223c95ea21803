package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// settling is how long after its time of change a folder or a file may change again without a new
// one: the coarsest of common file systems count in steps of two seconds.
const settling = 2 * time.Second

// believed is how long a listing counts without a look at its folder. Each request asks for some names
// that are not there; under load the looks would cost more than the rest of it.
const believed = 100 * time.Microsecond

// A folder knows which files there are and what they hold. It asks the file system each time, and
// keeps what would be slow to find out again for as long as the time of change stays.
type folder struct {
	dir      string
	ignores  ignore
	believed time.Duration

	mu       sync.Mutex
	listings map[string]listing // by path below dir, "" for dir itself
	sums     map[string]sum     // by path
}

// A listing is the names in a folder.
type listing struct {
	looked  time.Time // when the folder was last seen to be so
	info    fs.FileInfo
	settled bool
	names   map[string]bool
}

// A sum is the hash of a file that had this size and time.
type sum struct {
	size    int64
	written time.Time
	etag    string
}

// A file is an asset. Path is where it is in the folder, with a leading slash.
type file struct {
	path string
	disk string
}

func newFolder(dir string, ignores ignore) *folder {
	return &folder{dir: dir, ignores: ignores, believed: believed, listings: map[string]listing{}, sums: map[string]sum{}}
}

// file is the asset at a path with a leading slash, or nil.
func (f *folder) file(path string) (*file, error) {
	below, ok := strings.CutPrefix(path, "/")
	local, err := filepath.Localize(below) // refuses "..", empty names and what no file here can be called
	if !ok || below == "." || err != nil {
		return nil, nil
	}
	dir, rest := "", below
	for {
		name, after, deeper := strings.Cut(rest, "/")
		if names, err := f.names(dir); err != nil || !names[name] {
			return nil, err
		}
		if !deeper {
			break
		}
		dir, rest = strings.TrimPrefix(dir+"/"+name, "/"), after
	}
	disk := filepath.Join(f.dir, local)
	info, err := os.Stat(disk)
	if gone(err) || err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if f.ignores.match(below) {
		return nil, nil
	}
	return &file{path: path, disk: disk}, nil
}

// names are the names in a folder; none when it is no folder.
func (f *folder) names(dir string) (map[string]bool, error) {
	now := clock.System.Now() // file systems go by the machine's time
	f.mu.Lock()
	known, ok := f.listings[dir]
	f.mu.Unlock()
	if ok && now.Sub(known.looked) < f.believed {
		return known.names, nil
	}
	disk := filepath.Join(f.dir, filepath.FromSlash(dir))
	info, err := os.Stat(disk)
	if gone(err) || err == nil && !info.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if ok && known.settled && known.info.ModTime().Equal(info.ModTime()) && os.SameFile(known.info, info) {
		known.looked = now
		f.remember(dir, known)
		return known.names, nil
	}
	d, err := os.Open(disk)
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	list, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool, len(list))
	for _, name := range list {
		names[name] = true
	}
	f.remember(dir, listing{now, info, now.Sub(info.ModTime()) > settling, names})
	return names, nil
}

func (f *folder) remember(dir string, l listing) {
	f.mu.Lock()
	f.listings[dir] = l
	f.mu.Unlock()
}

// gone reports that there is nothing of that name, a name too long or a link in a circle included.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.ELOOP)
}

// A content is an open file with its ETag. It ends after as many bytes as the file had.
type content struct {
	io.Reader
	io.Closer
	size int64
	etag string
}

// open opens a file for reading and finds its ETag, which is a hash of what it holds and of its
// extension: the type that it is served with goes by that.
func (f *folder) open(a *file) (*content, error) {
	now := clock.System.Now()
	opened, err := os.Open(a.disk)
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil && info.Size() > maxFileBytes {
		err = tooLarge(a.path, info.Size())
	}
	var etag string
	if err == nil {
		etag, err = f.etag(a.path, opened, info, now)
	}
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &content{io.LimitReader(opened, info.Size()), opened, info.Size(), etag}, nil
}

func (f *folder) etag(path string, opened *os.File, info fs.FileInfo, now time.Time) (string, error) {
	f.mu.Lock()
	known, ok := f.sums[path]
	f.mu.Unlock()
	if ok && known.size == info.Size() && known.written.Equal(info.ModTime()) {
		return known.etag, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, opened); err != nil {
		return "", fmt.Errorf("read asset %s: %w", path, err)
	}
	if _, err := opened.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read asset %s: %w", path, err)
	}
	io.WriteString(hash, extension(path))
	etag := hex.EncodeToString(hash.Sum(nil))[:32]
	if now.Sub(info.ModTime()) > settling {
		f.mu.Lock()
		f.sums[path] = sum{info.Size(), info.ModTime(), etag}
		f.mu.Unlock()
	}
	return etag, nil
}

// same reports whether two files have one ETag.
func (f *folder) same(a, b *file) (bool, error) {
	if a.path == b.path {
		return true, nil
	}
	var etags [2]string
	for i, file := range []*file{a, b} {
		c, err := f.open(file)
		if err != nil {
			return false, err
		}
		c.Close()
		etags[i] = c.etag
	}
	return etags[0] == etags[1], nil
}
