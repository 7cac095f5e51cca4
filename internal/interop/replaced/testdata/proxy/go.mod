module proxy.example

go 1.26
