module app.example

go 1.26
