"""What the pytest plugin does once somebody asks for it; the plugin itself is pytest_plugin.py."""
