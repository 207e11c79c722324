"""The hearing panel: what is measured of a clip's sound track."""
