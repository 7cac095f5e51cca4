package http2

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dateField is the value of the Date field, made once a second.
func dateField() string {
	now := time.Now().Unix()
	if d := lastDate.Load(); d != nil && d.unix == now {
		return d.text
	}
	text := time.Unix(now, 0).UTC().Format(http.TimeFormat)
	lastDate.Store(&date{now, text})
	return text
}

type date struct {
	unix int64
	text string
}

var lastDate atomic.Pointer[date]
