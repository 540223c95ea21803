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

// A folder knows which files there are and what they hold. It asks the file system each time, and
// keeps what would be slow to find out again for as long as the time of change stays.
type folder struct {
	dir     string
	ignores ignore

	mu       sync.Mutex
	listings map[string]listing // by path below dir, "" for dir itself
	sums     map[string]sum     // by path
}

// A listing is the names in a folder.
type listing struct {
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
	return &folder{dir: dir, ignores: ignores, listings: map[string]listing{}, sums: map[string]sum{}}
}

// A lookup looks for files on behalf of one request: each folder is looked at once.
type lookup struct {
	folder *folder
	seen   map[string]map[string]bool
}

func (f *folder) lookup() lookup { return lookup{f, map[string]map[string]bool{}} }

// file is the asset at a path with a leading slash, or nil.
func (l lookup) file(path string) (*file, error) {
	below, ok := strings.CutPrefix(path, "/")
	if !ok || below == "." || !fs.ValidPath(below) || strings.IndexByte(below, 0) >= 0 {
		return nil, nil
	}
	local, err := filepath.Localize(below)
	if err != nil {
		return nil, nil // no file of this system can be called that
	}
	dir, rest := "", below
	for {
		name, after, deeper := strings.Cut(rest, "/")
		if names, err := l.names(dir); err != nil || !names[name] {
			return nil, err
		}
		if !deeper {
			break
		}
		dir, rest = strings.TrimPrefix(dir+"/"+name, "/"), after
	}
	disk := filepath.Join(l.folder.dir, local)
	info, err := os.Stat(disk)
	if gone(err) || err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if l.folder.ignores.match(below) {
		return nil, nil
	}
	return &file{path: path, disk: disk}, nil
}

// names are the names in a folder; none when it is no folder.
func (l lookup) names(dir string) (map[string]bool, error) {
	names, seen := l.seen[dir]
	if seen {
		return names, nil
	}
	names, err := l.folder.names(dir)
	if err == nil {
		l.seen[dir] = names
	}
	return names, err
}

func (f *folder) names(dir string) (map[string]bool, error) {
	now := clock.System.Now() // file systems go by the machine's time
	disk := filepath.Join(f.dir, filepath.FromSlash(dir))
	info, err := os.Stat(disk)
	if gone(err) || err == nil && !info.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	known, ok := f.listings[dir]
	f.mu.Unlock()
	if ok && known.settled && known.info.ModTime().Equal(info.ModTime()) && os.SameFile(known.info, info) {
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
	f.mu.Lock()
	f.listings[dir] = listing{info, now.Sub(info.ModTime()) > settling, names}
	f.mu.Unlock()
	return names, nil
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
