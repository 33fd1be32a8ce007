from teacher.cli import main

main()
