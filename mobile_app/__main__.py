from mobile_app.cli import main

raise SystemExit(main())
