package http2

import (
	"fmt"
	"strconv"

	"h2fork.example/net/internal/wire"
)

// countName is the name of an error for CountError.
func countName(scope string, code ErrCode, name string) string {
	return fmt.Sprintf("%s_%s_%s", scope, code, name)
}

// codeToken is the name of a code, made of word characters.
func codeToken(code wire.ErrCode) string {
	if name := code.Name(); name != "" {
		return name
	}
	return "ERR_UNKNOWN_" + strconv.FormatUint(uint64(code), 10)
}
