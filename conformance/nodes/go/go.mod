module yilian.example/node

go 1.22
